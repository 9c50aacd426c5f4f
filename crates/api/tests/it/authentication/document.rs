use vouchmq_api::authentication_service::{AuthenticationService, ConfirmNone};

use crate::harness::world::{World, trusting};

#[test]
fn the_document_is_what_was_agreed() {
    let world = World::new();
    let confirm = std::sync::Arc::new(ConfirmNone);
    let service =
        AuthenticationService::try_new(&trusting(), world.resident.clone(), confirm, world.clock.clone());
    insta::assert_json_snapshot!(service.unwrap().build().document);
}
