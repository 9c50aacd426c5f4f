//! What a remembered verdict costs: `cargo run --release -p vouchmq-client --example cache_hits`.
#![expect(clippy::print_stdout, reason = "it is for people")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vouchmq_client::remote::cache::{Bounds, Cache, Key, Ttl, Verdict};
use vouchmq_client::remote::options::CacheOptions;

const ENTRIES: u32 = 50_000;
const ROUNDS: u32 = 40;
const NOW: Duration = Duration::from_secs(2);

fn key(cache: &Cache<Arc<u32>>, number: u32) -> Key {
    let name = format!("device-{number:08}");
    let password = format!("vmq1_0123456789abcdef0123456789abcdef{number:08}");
    cache.keys().key(&name, Some(&name), Some(password.as_bytes()), &[])
}

/// Runs it on so many threads; nanoseconds for each time on each of them.
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn time(threads: u32, run: impl Fn(u32) + Sync) -> u128 {
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let run = &run;
            scope.spawn(move || {
                for number in 0..ENTRIES * ROUNDS {
                    run((number.wrapping_mul(7_919) + thread) % ENTRIES);
                }
            });
        }
    });
    begun.elapsed().as_nanos() / u128::from(ENTRIES * ROUNDS)
}

fn main() {
    let options = CacheOptions { ttl: Duration::from_mins(5), ..CacheOptions::default() };
    let cache: Cache<Arc<u32>> = Cache::new(&options, &[7; 32]);
    let keys: Vec<_> = (0..ENTRIES).map(|number| key(&cache, number)).collect();
    let store = |number: u32| {
        let key = &keys[number as usize];
        let (value, bounds) = (Arc::new(number), Bounds::default());
        let verdict =
            Verdict { value, allows: true, device_id: Some("d"), as_of: Some(1), bounds, bytes: 200 };
        let _ = cache.store(key, cache.ask(), verdict, Duration::from_secs(1), number);
    };
    (0..ENTRIES).for_each(store);
    let allowed = cache.counters().allowed;
    println!("entries {}, bytes {} each", allowed.entries, allowed.bytes / allowed.entries);
    println!(
        "key       {:5} ns (with making its texts)",
        time(1, |number| {
            black_box(key(&cache, number));
        })
    );
    for threads in [1, 2] {
        let contains = |number: u32| {
            black_box(cache.contains(&keys[number as usize], NOW, Ttl::Full));
        };
        let get = |number: u32| drop(black_box(cache.get(&keys[number as usize], NOW, Ttl::Full)));
        println!("contains  {:5} ns on {threads} threads", time(threads, contains));
        println!("get       {:5} ns on {threads} threads", time(threads, get));
        println!("store     {:5} ns on {threads} threads", time(threads, store));
    }
}
