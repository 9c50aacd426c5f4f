//! What each store keeps to. A case is given a place where empty stores are to be had.
//!
//! Another store joins by implementing [`Place`] and a line `contract!(its place)`, as in `sqlite.rs`; one that
//! is dear to start runs [`CASES`] in one test, as in `postgres.rs`.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use vouchmq_identity::store::{Nodes, Store};

mod atomic;
mod certificates;
pub(crate) mod change_log;
mod housekeeping;
mod lists;
mod loading;
mod nodes;
mod round_trip;
mod unique;

/// Where empty stores are to be had.
#[async_trait]
pub(crate) trait Place: Send + Sync {
    /// A store with nothing in it, apart from all others.
    async fn empty(&self) -> Arc<dyn Store>;

    /// The nodes of such a store: none.
    async fn nodes(&self) -> Arc<dyn Nodes>;
}

pub(crate) type Case = for<'a> fn(&'a dyn Place) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

macro_rules! cases {
    ($($module:ident { $($case:ident,)+ })+) => {
        /// Every case with its name.
        pub(crate) const CASES: &[(&str, Case)] = &[
            $($((stringify!($case), |place| Box::pin($module::$case(place))),)+)+
        ];

        /// A test for each case, on a place that an expression makes.
        macro_rules! contract {
            ($place:expr) => {
                $($(#[tokio::test]
                async fn $case() {
                    let place = $place;
                    $crate::contract::run(stringify!($case), &place).await;
                })+)+
            };
        }
        pub(crate) use contract;
    };
}

cases! {
    round_trip {
        what_is_written_reads_back,
        credentials_of_every_kind_read_back,
        a_put_replaces_the_whole_row,
        what_is_deleted_is_gone,
        numbers_beyond_what_engines_keep_are_kept_as_the_greatest,
        what_was_never_written_is_not_found,
        keys_and_the_log_id_are_replaced,
        what_needs_a_key_is_counted_unless_it_is_revoked,
    }
    unique {
        a_product_key_is_taken_once,
        a_hardware_id_is_taken_once_in_a_product,
        a_target_is_blocked_once,
        a_hardware_id_has_one_open_registration,
        a_key_id_is_taken_once,
        a_credential_needs_its_device,
    }
    atomic {
        a_job_that_aborts_leaves_nothing,
        a_job_whose_statement_failed_leaves_nothing_whatever_it_says,
        a_job_that_panics_leaves_nothing_and_harms_no_other,
        a_job_sees_what_it_wrote,
        a_read_sees_only_what_is_committed_and_stays_as_it_is,
        jobs_run_in_the_order_in_which_they_were_handed_in,
        a_job_is_dropped_before_its_caller_goes_on,
        a_job_is_done_when_its_caller_has_gone_away,
    }
    change_log {
        the_log_has_no_gaps_under_concurrent_writers_of_whom_some_abort,
        the_log_is_read_in_portions,
        the_audit_chain_holds_under_concurrent_writers,
        a_number_of_the_audit_log_is_given_once,
        audit_pages_follow_each_other,
    }
    lists {
        pages_stay_in_place_while_rows_come_in,
        lists_are_sorted_by_bytes,
        devices_are_found_by_what_the_filter_says,
        devices_are_found_by_id_in_any_number,
        tags_are_found_until_they_are_taken_away,
        registrations_are_found_by_product_and_state,
        retired_devices_are_not_counted,
        cursors_of_any_text_do_no_harm,
    }
    housekeeping {
        devices_of_one_product_are_loaded_with_their_credentials,
        credentials_that_are_over_are_found_the_longest_first,
        one_credential_is_deleted,
        revoked_credentials_are_deleted_in_portions,
        past_registrations_are_deleted_and_rejected_ones_stay,
        a_rejected_registration_is_found_by_its_hardware_id,
        registrations_that_wait_are_counted,
        registrations_that_wait_for_long_are_found_the_longest_first,
        blocks_that_are_over_are_found_the_longest_first,
        the_beginning_of_the_log_is_deleted_and_numbers_go_on,
        the_oldest_product_in_a_state_is_found,
    }
    loading {
        portions_give_each_device_its_credentials,
        pending_credentials_are_found_by_age,
        the_last_use_of_a_credential_never_goes_back,
    }
    certificates {
        authorities_read_back_and_are_listed,
        an_authority_is_attached_once,
        credentials_of_certificates_read_back,
        a_certificate_is_of_one_device,
        a_revoked_certificate_is_remembered_until_it_ends,
        registrations_by_certificate_read_back_and_are_counted,
    }
    nodes {
        what_nodes_say_of_themselves_reads_back,
        a_node_that_says_nothing_is_silent_and_at_last_forgotten,
    }
}

/// Runs a case.
pub(crate) async fn run(name: &str, place: &dyn Place) {
    let (_, case) = CASES.iter().find(|(known, _)| *known == name).expect("it stands in the table");
    case(place).await;
}
