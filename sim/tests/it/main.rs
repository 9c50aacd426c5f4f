//! The simulator itself: that it finds what is wrong, and finds it again.
#![expect(clippy::panic, reason = "a test that fails panics, its helpers too")]

use vouchmq_sim::{Report, Sabotage, findings, run, run_broken};

/// Seeds that every test run takes; `sim --seeds 500` takes more.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=20;
/// Within so many seeds a broken broker has to be noticed.
const PATIENCE: u64 = 40;

fn holds(report: &Report) {
    let Report { seed, violation, .. } = report;
    if let Some(violation) = violation {
        panic!("cargo run --release -p vouchmq-sim -- --seed {seed} --trace: {}", violation.what);
    }
}

#[test]
fn twenty_worlds_hold() {
    for seed in SEEDS {
        holds(&run(seed, None));
    }
}

#[test]
fn what_was_ever_found_stays_fixed() {
    for finding in findings() {
        let report = run(finding.seed, None);
        assert_eq!(report.violation, None, "seed {}: {}", finding.seed, finding.what);
    }
}

#[test]
fn a_seed_tells_the_same_story_again() {
    for seed in [3, 5, 8] {
        let (first, again) = (run(seed, None), run(seed, None));
        assert_eq!(first, again);
        assert_ne!(first.digest, run(seed + 1, None).digest);
    }
}

/// Runs broken worlds until one is noticed by the oracle that says `words`; others may be quicker.
fn is_noticed(sabotage: Sabotage, words: &str) {
    let mut otherwise = Vec::new();
    for seed in 1..=PATIENCE {
        let Some(violation) = run_broken(seed, sabotage).violation else { continue };
        if violation.what.contains(words) {
            return;
        }
        otherwise.push(violation.what);
    }
    panic!("{sabotage:?} is never noticed by '{words}', but by {otherwise:#?}")
}

/// An oracle that cannot fail proves nothing: each way to break a broker is noticed, by what it breaks.
macro_rules! broken_brokers {
    ($($name:ident $sabotage:ident notices $words:literal,)+) => {
        $(#[test]
        fn $name() {
            is_noticed(Sabotage::$sabotage, $words);
        })+

        #[test]
        fn every_way_to_break_a_broker_is_tried() {
            let tried = [$(Sabotage::$sabotage),+];
            assert_eq!(tried, Sabotage::ALL);
        }
    };
}

broken_brokers! {
    a_lost_forward_is_noticed LoseMail notices "waits for",
    messages_that_overtake_each_other_are_noticed SwapMail notices "after a later one",
    a_lost_delivery_is_noticed LosePublish notices "never got",
    a_second_delivery_is_noticed DuplicatePublish notices "times",
    an_early_acknowledgement_is_noticed AckEarly notices "before the journal",
    late_timers_are_noticed LateTimers notices "not",
    a_forgotten_retained_message_is_noticed ForgetRetained notices "nothing is retained",
    a_silent_takeover_is_noticed SilentTakeover notices "session taken over",
    a_false_0x10_is_noticed LieAboutSubscribers notices "no subscribers",
    a_lowered_qos_is_noticed LowerQos notices "AtMostOnce",
    a_wrong_packet_identifier_is_noticed WrongPacketId notices "acknowledged before",
    a_false_retain_is_noticed ClaimRetained notices "RETAIN",
    a_retained_message_that_comes_late_is_noticed HoldRetained notices "which is newer",
}
