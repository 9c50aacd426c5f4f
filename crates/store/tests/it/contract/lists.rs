use vouchmq_identity::model::{Device, DeviceId, DeviceState, RegistrationState};
use vouchmq_identity::store::{Aborted, DeviceFilter, PageRequest, RegistrationFilter, Rows, Store};

use super::Place;
use crate::harness::samples::{attributes, block, device, id, parsed, product, registration};
use crate::harness::{job, write};

async fn put(store: &dyn Store, devices: Vec<Device>) {
    let putting = job(move |rows| {
        Box::pin(async move {
            for device in &devices {
                rows.put_device(device).await.map_err(Aborted::Failed)?;
            }
            Ok(())
        })
    });
    store.write(putting).await.unwrap();
}

/// The ids of the devices that fit, page after page.
async fn found(store: &dyn Store, filter: &DeviceFilter, limit: u32) -> Vec<String> {
    let mut rows = store.read().await.unwrap();
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = rows.devices(filter, PageRequest { after, limit }).await.unwrap();
        assert!(page.items.len() <= limit as usize);
        ids.extend(page.items.iter().map(|device| device.id.to_string()));
        after = page.next;
        if after.is_none() {
            return ids;
        }
    }
}

fn named(names: &[&str]) -> Vec<Device> {
    names.iter().map(|name| Device { id: parsed(name), hardware_id: None, ..device(1, id(1)) }).collect()
}

pub(super) async fn pages_stay_in_place_while_rows_come_in(place: &dyn Place) {
    let store = place.empty().await;
    put(&*store, named(&["b", "d", "f", "h"])).await;
    let all = DeviceFilter::default();
    let first = store.read().await.unwrap().devices(&all, PageRequest::first(2)).await.unwrap();
    let next = first.next.unwrap();
    put(&*store, named(&["a", "c", "e", "g", "i"])).await;
    let second = store.read().await.unwrap().devices(&all, PageRequest::after(next, 3)).await.unwrap();
    let ids = |devices: &[Device]| devices.iter().map(|device| device.id.to_string()).collect::<String>();
    assert_eq!((ids(&first.items).as_str(), ids(&second.items).as_str()), ("bd", "efg"));
    let last = store.read().await.unwrap().devices(&all, PageRequest::after("h", 1)).await.unwrap();
    assert_eq!((ids(&last.items).as_str(), last.next), ("i", None), "no page follows the last one");
}

pub(super) async fn lists_are_sorted_by_bytes(place: &dyn Place) {
    let store = place.empty().await;
    let sorted = ["0", "A", "B-1", "B.1", "B:1", "B_1", "Z", "a", "a-b", "ab", "b"];
    put(&*store, named(&["b", "a", "ab", "a-b", "Z", "B_1", "B:1", "B.1", "B-1", "A", "0"])).await;
    for limit in [1, 2, 3, 100] {
        assert_eq!(found(&*store, &DeviceFilter::default(), limit).await, sorted, "{limit}");
    }
    let mut rows = store.read().await.unwrap();
    let loaded = rows.devices_with_credentials(None, Some(&parsed("B_1")), 3).await.unwrap();
    let ids: Vec<_> = loaded.iter().map(|(device, _)| device.id.as_str()).collect();
    assert_eq!(ids, ["Z", "a", "a-b"]);
}

pub(super) async fn devices_are_found_by_what_the_filter_says(place: &dyn Place) {
    let store = place.empty().await;
    let make = |name: &str, product, state, hardware_id: Option<&str>, tags: &[(&str, &str)]| Device {
        id: parsed(name),
        state,
        hardware_id: hardware_id.map(parsed),
        tags: attributes(tags),
        ..device(1, id(product))
    };
    put(
        &*store,
        vec![
            make("a1", 1, DeviceState::Active, Some("Serial 7%"), &[("site", "x")]),
            make("a2", 1, DeviceState::Suspended, Some("serial 8_"), &[("site", "y")]),
            make("b1", 2, DeviceState::Active, None, &[("site", "x"), ("odd", "\0\\")]),
            make("b2", 2, DeviceState::Retired, Some("a1"), &[]),
        ],
    )
    .await;
    let all = DeviceFilter::default;
    let text = |text: &str| DeviceFilter { text: Some(text.into()), ..all() };
    let tag = |name: &str, value: &str| DeviceFilter { tag: Some((name.into(), value.into())), ..all() };
    let (one, two) = (Some(id(1)), Some(id(2)));
    for (filter, expected) in [
        (all(), "a1 a2 b1 b2"),
        (DeviceFilter { product: one, ..all() }, "a1 a2"),
        (DeviceFilter { state: Some(DeviceState::Active), ..all() }, "a1 b1"),
        (DeviceFilter { state: Some(DeviceState::Active), product: two, ..all() }, "b1"),
        (text("a1"), "a1 b2"),
        (text("Serial"), "a1"),
        (text("%"), "a1"),
        (text("_"), "a2"),
        (text(""), "a1 a2 b1 b2"),
        (text("\0"), ""),
        (text("'"), ""),
        (DeviceFilter { product: two, ..text("a1") }, "b2"),
        (tag("site", "x"), "a1 b1"),
        (tag("odd", "\0\\"), "b1"),
        (tag("odd", "\\0\\\\"), ""),
        (tag("site", ""), ""),
        (DeviceFilter { product: one, ..tag("site", "x") }, "a1"),
        (DeviceFilter { state: Some(DeviceState::Suspended), ..tag("site", "x") }, ""),
        (DeviceFilter { text: Some("1".into()), ..tag("site", "x") }, "a1 b1"),
        (DeviceFilter { ids: Some(vec![parsed("b1"), parsed("a1"), parsed("zz")]), ..all() }, "a1 b1"),
        (DeviceFilter { ids: Some(vec![parsed("b1"), parsed("a2")]), ..tag("site", "x") }, "b1"),
        (DeviceFilter { ids: Some(vec![parsed("b1"), parsed("a2")]), product: one, ..all() }, "a2"),
        (DeviceFilter { ids: Some(Vec::new()), ..all() }, ""),
    ] {
        for limit in [1, 2, 10] {
            assert_eq!(found(&*store, &filter, limit).await.join(" "), expected, "{filter:?}, {limit}");
        }
    }
}

pub(super) async fn devices_are_found_by_id_in_any_number(place: &dyn Place) {
    let store = place.empty().await;
    put(&*store, (0..60).map(|number| device(number, id(1))).collect()).await;
    let ids: Vec<DeviceId> = (0..60).rev().step_by(3).flat_map(|number| [id(number), id(number)]).collect();
    let mut expected: Vec<String> = ids.iter().map(ToString::to_string).collect();
    expected.sort_unstable();
    expected.dedup();
    let filter = DeviceFilter { ids: Some(ids), ..DeviceFilter::default() };
    for limit in [1, 16, 19, 20, 21, 1000] {
        assert_eq!(found(&*store, &filter, limit).await, expected, "{limit}");
    }
}

pub(super) async fn tags_are_found_until_they_are_taken_away(place: &dyn Place) {
    let store = place.empty().await;
    let tag = |value: &str| DeviceFilter { tag: Some(("t".into(), value.into())), ..DeviceFilter::default() };
    for (tags, on_x, on_y) in [
        (attributes(&[("t", "x")]), 1, 0),
        (attributes(&[("t", "x")]), 1, 0),
        (attributes(&[("t", "y"), ("t", "x")]), 1, 1),
        (attributes(&[("u", "x"), ("t", "y")]), 0, 1),
        (attributes(&[]), 0, 0),
        (attributes(&[("t", "x")]), 1, 0),
    ] {
        put(&*store, vec![Device { tags, ..device(1, id(1)) }]).await;
        assert_eq!(
            (found(&*store, &tag("x"), 9).await.len(), found(&*store, &tag("y"), 9).await.len()),
            (on_x, on_y)
        );
    }
}

pub(super) async fn registrations_are_found_by_product_and_state(place: &dyn Place) {
    let store = place.empty().await;
    let (asked, over) = (RegistrationState::Quarantined, RegistrationState::Rejected);
    for (number, product, state) in [(1, 1, asked), (2, 1, over), (3, 2, asked), (4, 2, over), (5, 1, asked)]
    {
        let written = registration(number, id(product), state);
        write!(store, |rows| rows.put_registration(&written);).await.unwrap();
    }
    async fn ids(rows: &mut dyn Rows, filter: RegistrationFilter) -> Vec<String> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = rows.registrations(&filter, PageRequest { after, limit: 2 }).await.unwrap();
            ids.extend(page.items.iter().map(|registration| registration.id.to_string()));
            after = page.next;
            if after.is_none() {
                return ids;
            }
        }
    }
    let mut rows = store.read().await.unwrap();
    for (product, state, expected) in [
        (None, None, vec![1, 2, 3, 4, 5]),
        (Some(1), None, vec![1, 2, 5]),
        (None, Some(asked), vec![1, 3, 5]),
        (Some(2), Some(over), vec![4]),
        (Some(3), None, vec![]),
    ] {
        let filter = RegistrationFilter { product: product.map(id), state };
        let expected: Vec<String> =
            expected.into_iter().map(|number| id::<DeviceId>(number).to_string()).collect();
        assert_eq!(ids(&mut *rows, filter).await, expected, "{filter:?}");
    }
}

pub(super) async fn retired_devices_are_not_counted(place: &dyn Place) {
    let store = place.empty().await;
    let devices =
        DeviceState::ALL.iter().zip(1..).map(|(state, n)| Device { state: *state, ..device(n, id(1)) });
    put(&*store, devices.collect()).await;
    put(&*store, vec![device(9, id(2))]).await;
    let all = DeviceState::ALL.len() as u64;
    assert_eq!(counts(&*store).await, (all - 1, 1));
    // again, retired, moved, and all in one
    put(&*store, vec![device(9, id(2)), device(9, id(2))]).await;
    assert_eq!(counts(&*store).await, (all - 1, 1));
    put(&*store, vec![Device { state: DeviceState::Retired, ..device(1, id(1)) }]).await;
    assert_eq!(counts(&*store).await, (all - 2, 1));
    put(&*store, vec![device(9, id(1)), device(10, id(2)), device(11, id(2)), device(10, id(1))]).await;
    assert_eq!(counts(&*store).await, (all, 1));
    let counting = store.write(job(move |rows| {
        Box::pin(async move {
            rows.put_device(&device(12, id(1))).await.unwrap();
            assert_eq!(rows.device_count(id(1)).await.unwrap(), all + 1, "its own as well");
            Err(Aborted::Refused)
        })
    }));
    assert_eq!(counting.await, Ok(()));
    assert_eq!(counts(&*store).await, (all, 1), "what was taken back does not count");
}

async fn counts(store: &dyn Store) -> (u64, u64) {
    let mut rows = store.read().await.unwrap();
    (rows.device_count(id(1)).await.unwrap(), rows.device_count(id(2)).await.unwrap())
}

pub(super) async fn cursors_of_any_text_do_no_harm(place: &dyn Place) {
    let store = place.empty().await;
    put(&*store, named(&["a", "b"])).await;
    write!(store, |rows| rows.put_product(&product(1)); rows.put_block(&block(1, "ip", "::1"));)
        .await
        .unwrap();
    let mut rows = store.read().await.unwrap();
    for (after, left) in [("a", 1), ("a\0", 1), ("\0", 2), ("", 2), ("\u{1F600}", 0), ("' OR 1=1 --", 2)] {
        let page = rows.devices(&DeviceFilter::default(), PageRequest::after(after, 9)).await.unwrap();
        assert_eq!(page.items.len(), left, "{after:?}");
        rows.products(PageRequest::after(after, 9)).await.unwrap();
        rows.blocks(PageRequest::after(after, 9)).await.unwrap();
        rows.claim_tokens(PageRequest::after(after, 9)).await.unwrap();
        rows.api_keys(PageRequest::after(after, 9)).await.unwrap();
        rows.registrations(&RegistrationFilter::default(), PageRequest::after(after, 9)).await.unwrap();
        assert!(rows.audit(PageRequest::after(after, 9)).await.unwrap().items.is_empty());
    }
}
