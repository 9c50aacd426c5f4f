use std::collections::HashMap;
use std::sync::Arc;

use crate::acl::Acl;
use crate::model::{Binding, CredentialKind, Product, ProductId, ProductState, Slug, Strategy};

/// What is resident of a product.
#[derive(Clone, Debug)]
pub struct ResidentProduct {
    /// Its id.
    pub id: ProductId,
    /// Its key, which stands in rules.
    pub key: Slug,
    /// Which Client Identifiers its devices may use.
    pub binding: Binding,
    /// What they may do.
    pub acl: Acl,
    /// How they may prove who they are.
    pub kinds: Vec<CredentialKind>,
    /// How devices get in that are not known.
    pub strategy: Strategy,
    /// Whether they may connect.
    pub state: ProductState,
}

/// All products: few, and seldom changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Products(HashMap<ProductId, Arc<ResidentProduct>>);

impl Products {
    pub(super) fn get(&self, id: ProductId) -> Option<&Arc<ResidentProduct>> {
        self.0.get(&id)
    }

    pub(super) fn insert(&mut self, product: ResidentProduct) {
        self.0.insert(product.id, Arc::new(product));
    }

    pub(super) fn remove(&mut self, id: ProductId) {
        self.0.remove(&id);
    }
}

impl From<&Product> for ResidentProduct {
    fn from(product: &Product) -> Self {
        Self {
            id: product.id,
            key: product.key.clone(),
            binding: product.binding,
            acl: product.acl.clone(),
            kinds: product.kinds.clone(),
            strategy: product.strategy,
            state: product.state,
        }
    }
}
