use async_trait::async_trait;

use super::desk::is_current;
use super::register::expire;
use super::{Command, Desk, MoveDevice, Refusal, What};
use crate::acl::Acl;
use crate::model::{
    Binding, CredentialKind, Name, Product, ProductId, ProductState, RegistrationState, Slug, Strategy,
    Transition,
};
use crate::store::{NewEntry, PageRequest, RegistrationFilter};

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
///
/// With very many devices that takes more than one transaction: the first takes the product out of service.
#[derive(Clone, Debug)]
pub struct DeleteProduct {
    /// Which.
    pub id: ProductId,
    /// The version that the wish is based on.
    pub expected: Option<u64>,
    /// Its devices are retired first; otherwise a product that has some is not deleted.
    pub is_cascading: bool,
}

/// Devices and registrations that are ended in one transaction while their product is deleted.
const PORTION: u32 = if cfg!(test) { 3 } else { 200 };

impl ProductPatch {
    fn apply(&self, product: &mut Product) -> Result<(), Refusal> {
        let Self { name, strategy, binding, kinds, acl, devices_max, state } = self.clone();
        if kinds.as_ref().is_some_and(Vec::is_empty) {
            return Err(Refusal::field("/allowed_kinds", "name at least one kind of credential"));
        }
        if state == Some(ProductState::Deleting) {
            return Err(Refusal::field("/state", "write active or disabled; DELETE deletes a product"));
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
    /// Whether it is gone. Otherwise it is out of service, and goes on being deleted by the next such command
    /// or by [`Sweep`](super::Sweep).
    type Outcome = bool;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<bool, Refusal> {
        let before = desk.rows().product(self.id).await?.ok_or(Refusal::NotFound(What::Product))?;
        is_current(What::Product, self.expected, before.version)?;
        if before.state != ProductState::Deleting {
            let count = desk.rows().device_count(self.id).await?;
            if count > 0 && !self.is_cascading {
                return Err(Refusal::HasDevices { count });
            }
            let mut product = before.clone();
            product.state = ProductState::Deleting;
            product.version += 1;
            product.updated_at = desk.now();
            // First of all nobody of it is let in any more.
            desk.rows().put_product(&product).await?;
            desk.log(NewEntry::product(self.id)).await?;
            desk.audit("product.delete", "", Some(&before), None).await?;
        }
        go_on_deleting(desk, self.id).await
    }
}

/// Retires a portion of a product's devices and ends a portion of its registrations. When nothing is left the
/// product is deleted; whether it is.
pub(super) async fn go_on_deleting(desk: &mut Desk<'_>, id: ProductId) -> Result<bool, Refusal> {
    let devices = desk.rows().devices_with_credentials(Some(id), None, PORTION).await?;
    let mut left = PORTION.saturating_sub(devices.len().try_into().unwrap_or(PORTION));
    for (device, _) in devices {
        MoveDevice::new(device.id, Transition::Retire).run(desk).await?;
    }
    let unsettled = [
        RegistrationState::Quarantined,
        RegistrationState::Approved,
        RegistrationState::Issued,
        RegistrationState::Rejected,
    ];
    for state in unsettled {
        let filter = RegistrationFilter { product: Some(id), state: Some(state) };
        let found = desk.rows().registrations(&filter, PageRequest::first(left)).await?;
        left = left.saturating_sub(found.items.len().try_into().unwrap_or(PORTION));
        for registration in found.items {
            expire(desk, registration).await?;
        }
    }
    if left == 0 {
        return Ok(false);
    }
    super::authority::remove_all_of(desk, id).await?;
    desk.rows().delete_product(id).await?;
    desk.log(NewEntry::product(id)).await?;
    Ok(true)
}
