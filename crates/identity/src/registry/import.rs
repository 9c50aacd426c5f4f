use async_trait::async_trait;

use super::{Command, Desk, Refusal, What};
use crate::UnixMillis;
use crate::model::{
    Attributes, BlockEntry, ClaimToken, CredentialId, CredentialState, DeviceId, DeviceOrigin, DeviceState,
    HardwareId, Product, ProductId, ProductState, Proof, Validity,
};
use crate::store::NewEntry;

mod device;

/// Rows that one [`ImportRows`] enters at most.
pub const ITEMS_MAX: usize = 5_000;

/// Something that is imported.
#[derive(Clone, Debug)]
pub enum ImportItem {
    /// A product; one with this id or key stays as it is.
    Product(Box<Product>),
    /// A device with its credentials.
    Device(Box<ImportDevice>),
    /// A claim token; one with this id or key id stays as it is.
    ClaimToken(Box<ClaimToken>),
    /// A block; one of this id, or of this kind and value, stays as it is.
    Block(Box<BlockEntry>),
}

/// A device that is imported.
#[derive(Clone, Debug)]
pub struct ImportDevice {
    /// Its id; `None` finds the device by its hardware id, or makes one.
    pub id: Option<DeviceId>,
    /// Its product.
    pub product: ProductId,
    /// What is written on it.
    pub hardware_id: Option<HardwareId>,
    /// Where it stands.
    pub state: DeviceState,
    /// What it is found by.
    pub tags: Attributes,
    /// What stands in its product's rules.
    pub attributes: Attributes,
    /// It may not connect from this time on.
    pub expires_at: Option<UnixMillis>,
    /// Where it came from.
    pub origin: DeviceOrigin,
    /// When it was entered; `None` is now.
    pub created_at: Option<UnixMillis>,
    /// How it proves who it is.
    pub credentials: Vec<ImportCredential>,
}

/// A credential that is imported.
#[derive(Clone, Debug)]
pub struct ImportCredential {
    /// Its id; `None` makes one. What a secret is compared with is good for its own id only.
    pub id: Option<CredentialId>,
    /// What it is compared with.
    pub proof: Proof,
    /// Where it stands: one that is revoked stays so.
    pub state: CredentialState,
    /// When it is good.
    pub validity: Validity,
    /// When it was made; `None` is now.
    pub created_at: Option<UnixMillis>,
    /// When it was first used.
    pub first_used_at: Option<UnixMillis>,
    /// When it was last used.
    pub last_used_at: Option<UnixMillis>,
    /// When it was revoked.
    pub revoked_at: Option<UnixMillis>,
}

/// Enters rows in one transaction. One that fails leaves no trace and does not harm the others, unless all are
/// to be undone then.
#[derive(Clone, Debug)]
pub struct ImportRows {
    /// The rows, at most [`ITEMS_MAX`].
    pub items: Vec<ImportItem>,
    /// Devices that exist get the credentials that they do not have; otherwise they are skipped.
    pub updates: bool,
    /// When one row fails, all are undone.
    pub is_atomic: bool,
    /// Nothing is kept in any case: what would come of it is told.
    pub is_dry: bool,
    /// Products that would be there if an earlier dry run had not been one.
    pub assumed: Vec<Product>,
}

/// What came of rows.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Of each row, in their order. An error of the database or of the audit log is none of a row, but of all.
    pub rows: Vec<Result<Entered, Refusal>>,
    /// Nothing was kept, since it was not to be, or since a row failed.
    pub is_undone: bool,
}

/// What came of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It is new.
    Created,
    /// It was there and has more credentials now.
    Updated,
    /// It was there and stays as it is.
    Skipped,
}

#[async_trait]
impl Command for ImportRows {
    type Outcome = Imported;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Imported, Refusal> {
        if self.items.len() > ITEMS_MAX {
            return Err(Refusal::field("", format_args!("at most {ITEMS_MAX} rows are possible at once")));
        }
        let mut rows = Vec::with_capacity(self.items.len());
        for item in &self.items {
            let entered = match item {
                ImportItem::Product(product) => enter_product(desk, product).await,
                ImportItem::Device(device) => self.enter_device(desk, device).await,
                ImportItem::ClaimToken(token) => self.enter_claim_token(desk, token).await,
                ImportItem::Block(block) => enter_block(desk, block).await,
            };
            match entered {
                // A row may be half written now: all of them go.
                Err(fault @ (Refusal::Store(_) | Refusal::AuditUnavailable(_) | Refusal::NoEntropy(_))) => {
                    return Err(fault);
                }
                Err(_) | Ok(_) => rows.push(entered),
            }
        }
        let is_undone = self.is_dry || (self.is_atomic && rows.iter().any(Result::is_err));
        if is_undone {
            desk.undo();
        }
        Ok(Imported { rows, is_undone })
    }
}

impl ImportRows {
    async fn product(&self, desk: &mut Desk<'_>, id: ProductId) -> Result<Product, Refusal> {
        match desk.product(id).await {
            Err(Refusal::NotFound(What::Product)) => {
                let assumed = self.assumed.iter().find(|assumed| assumed.id == id);
                assumed.cloned().ok_or(Refusal::NotFound(What::Product))
            }
            found => found,
        }
    }

    async fn enter_claim_token(&self, desk: &mut Desk<'_>, token: &ClaimToken) -> Result<Entered, Refusal> {
        self.product(desk, token.product).await?;
        let rows = desk.rows();
        let is_there = rows.claim_token(token.id).await?.is_some()
            || rows.claim_token_by_key(token.key_id).await?.is_some();
        if is_there {
            return Ok(Entered::Skipped);
        }
        if token.uses_max == Some(0) {
            return Err(Refusal::field("/max_uses", "let at least one device in"));
        }
        desk.rows().put_claim_token(token).await?;
        desk.audit("claim_token.create", REASON, None, Some(token)).await?;
        Ok(Entered::Created)
    }
}

/// What the audit log says of rows that were imported.
const REASON: &str = "import";

async fn enter_product(desk: &mut Desk<'_>, product: &Product) -> Result<Entered, Refusal> {
    let rows = desk.rows();
    let is_there =
        rows.product(product.id).await?.is_some() || rows.product_by_key(&product.key).await?.is_some();
    if is_there {
        return Ok(Entered::Skipped);
    }
    if product.state == ProductState::Deleting {
        return Err(Refusal::field("/state", "a product that was being deleted is not entered"));
    }
    if product.kinds.is_empty() {
        return Err(Refusal::field("/allowed_kinds", "name at least one kind of credential"));
    }
    desk.rows().put_product(product).await?;
    desk.log(NewEntry::product(product.id)).await?;
    desk.audit("product.create", REASON, None, Some(product)).await?;
    Ok(Entered::Created)
}

async fn enter_block(desk: &mut Desk<'_>, entry: &BlockEntry) -> Result<Entered, Refusal> {
    let (kind, value) = (entry.block.target.kind().name(), entry.block.target.to_string());
    let rows = desk.rows();
    let is_there = rows.block(entry.id).await?.is_some() || rows.block_of(kind, &value).await?.is_some();
    if is_there {
        return Ok(Entered::Skipped);
    }
    desk.rows().put_block(entry).await?;
    desk.log(NewEntry::block(entry.block.target.clone())).await?;
    desk.audit("block.put", REASON, None, Some(entry)).await?;
    Ok(Entered::Created)
}
