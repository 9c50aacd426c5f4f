use async_trait::async_trait;

use super::desk::is_current;
use super::{Command, Desk, MoveDevice, Refusal, What};
use crate::acl::Acl;
use crate::model::{
    Binding, CredentialKind, DeviceState, Name, Product, ProductId, ProductState, Slug, Strategy, Transition,
};
use crate::store::{DeviceFilter, NewEntry, PageRequest};

/// What a new product is to be; what is `None` is as [`Product::new`] says.
#[derive(Clone, Debug)]
pub struct NewProduct {
    /// What people and devices call it by.
    pub key: Slug,
    /// What people read.
    pub name: Name,
    /// The rest.
    pub rest: ProductPatch,
}

/// What is to be changed of a product; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ProductPatch {
    /// What people read.
    pub name: Option<Name>,
    /// How devices get in.
    pub strategy: Option<Strategy>,
    /// Which Client Identifiers they may use.
    pub binding: Option<Binding>,
    /// How they may prove who they are.
    pub kinds: Option<Vec<CredentialKind>>,
    /// What they may do.
    pub acl: Option<Acl>,
    /// Most devices.
    pub devices_max: Option<Option<u32>>,
    /// Whether they may connect.
    pub state: Option<ProductState>,
}

/// Makes a product.
#[derive(Clone, Debug)]
pub struct CreateProduct(pub NewProduct);

/// Changes a product. Connected devices get the new rules at once, or go.
#[derive(Clone, Debug)]
pub struct ChangeProduct {
    /// Which.
    pub id: ProductId,
    /// The version that the change is based on.
    pub expected: Option<u64>,
    /// What to change.
    pub patch: ProductPatch,
}

/// Deletes a product. Its claim tokens let nobody in any more; its retired devices keep their ids taken.
#[derive(Clone, Debug)]
pub struct DeleteProduct {
    /// Which.
    pub id: ProductId,
    /// The version that the wish is based on.
    pub expected: Option<u64>,
    /// Its devices are retired first; otherwise a product that has some is not deleted.
    pub is_cascading: bool,
}

/// Devices that are retired at once while their product is deleted.
const PORTION: u32 = 500;

impl ProductPatch {
    fn apply(&self, product: &mut Product) -> Result<(), Refusal> {
        let Self { name, strategy, binding, kinds, acl, devices_max, state } = self.clone();
        if kinds.as_ref().is_some_and(Vec::is_empty) {
            return Err(Refusal::field("/allowed_kinds", "name at least one kind of credential"));
        }
        product.name = name.unwrap_or_else(|| product.name.clone());
        product.strategy = strategy.unwrap_or(product.strategy);
        product.binding = binding.unwrap_or(product.binding);
        product.kinds = kinds.unwrap_or_else(|| product.kinds.clone());
        product.acl = acl.unwrap_or_else(|| product.acl.clone());
        product.devices_max = devices_max.unwrap_or(product.devices_max);
        product.state = state.unwrap_or(product.state);
        Ok(())
    }
}

#[async_trait]
impl Command for CreateProduct {
    type Outcome = Product;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Product, Refusal> {
        let NewProduct { key, name, rest } = &self.0;
        if desk.rows().product_by_key(key).await?.is_some() {
            return Err(Refusal::Exists { what: What::Product, field: "key" });
        }
        let now = desk.now();
        let id = ProductId::generate(now, desk)?;
        let mut product = Product::new(id, key.clone(), name.clone(), now);
        rest.apply(&mut product)?;
        desk.rows().put_product(&product).await?;
        desk.log(NewEntry::product(id)).await?;
        desk.audit("product.create", "", None, Some(&product)).await?;
        Ok(product)
    }
}

#[async_trait]
impl Command for ChangeProduct {
    type Outcome = Product;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Product, Refusal> {
        let before = desk.product(self.id).await?;
        is_current(What::Product, self.expected, before.version)?;
        let mut product = before.clone();
        self.patch.apply(&mut product)?;
        product.version += 1;
        product.updated_at = desk.now();
        desk.rows().put_product(&product).await?;
        desk.log(NewEntry::product(self.id)).await?;
        desk.audit("product.change", "", Some(&before), Some(&product)).await?;
        Ok(product)
    }
}

#[async_trait]
impl Command for DeleteProduct {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let product = desk.product(self.id).await?;
        is_current(What::Product, self.expected, product.version)?;
        let count = desk.rows().device_count(self.id).await?;
        if count > 0 && !self.is_cascading {
            return Err(Refusal::HasDevices { count });
        }
        let filter = DeviceFilter { product: Some(self.id), ..DeviceFilter::default() };
        let mut page = PageRequest::first(PORTION);
        loop {
            let devices = desk.rows().devices(&filter, page).await?;
            for device in devices.items.iter().filter(|device| device.state != DeviceState::Retired) {
                MoveDevice::new(device.id.clone(), Transition::Retire).run(desk).await?;
            }
            let Some(next) = devices.next else { break };
            page = PageRequest::after(next, PORTION);
        }
        desk.rows().delete_product(self.id).await?;
        desk.log(NewEntry::product(self.id)).await?;
        desk.audit("product.delete", "", Some(&product), None).await
    }
}
