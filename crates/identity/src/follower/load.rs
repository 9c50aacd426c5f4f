use super::{FollowFault, PORTION};
use crate::blocks::Blocks;
use crate::resident::{Authorities, ResidentProduct};
use crate::store::{PageRequest, Rows, StoreFault};

pub(super) async fn all_products(rows: &mut dyn Rows) -> Result<Vec<ResidentProduct>, StoreFault> {
    let mut all = Vec::new();
    let mut page = PageRequest::first(PORTION);
    loop {
        let products = rows.products(page).await?;
        all.extend(products.items.iter().map(ResidentProduct::from));
        let Some(next) = products.next else { return Ok(all) };
        page = PageRequest::after(next, PORTION);
    }
}

pub(super) async fn all_authorities(rows: &mut dyn Rows) -> Result<Authorities, StoreFault> {
    let mut all = Vec::new();
    let mut page = PageRequest::first(PORTION);
    loop {
        let authorities = rows.authorities(page).await?;
        all.extend(authorities.items);
        let Some(next) = authorities.next else { return Ok(all.iter().collect()) };
        page = PageRequest::after(next, PORTION);
    }
}

pub(super) async fn all_blocks(rows: &mut dyn Rows) -> Result<Blocks, FollowFault> {
    let mut all = Blocks::default();
    let mut page = PageRequest::first(PORTION);
    loop {
        let blocks = rows.blocks(page).await?;
        for entry in blocks.items {
            all.insert(entry.block)?;
        }
        let Some(next) = blocks.next else { return Ok(all) };
        page = PageRequest::after(next, PORTION);
    }
}
