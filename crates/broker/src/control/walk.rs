use vouchmq_mqtt::engine::ShardId;

use super::Control;
use super::cursor::Place;
use crate::shard::ShardView;

/// Places that a shard looks at before others get their turn.
const PLACES: usize = 512;
/// What a shard finds before others get their turn.
const ITEMS: usize = 256;

/// What a shard found in one turn.
struct Portion<T> {
    items: Vec<T>,
    /// Where it goes on; `None` when it is through.
    next: Option<usize>,
}

impl Control {
    /// Goes through the sessions of all shards from a place on, a portion for each turn of a shard, until `limit` items
    /// are found or nothing is left. Yields what was found, and where it goes on.
    ///
    /// What `look` finds at one place stays together: so there may be more than `limit`.
    pub(super) async fn walk<T: Send + 'static>(
        &self,
        from: Option<Place>,
        limit: usize,
        look: impl Fn(&ShardView<'_>, usize, &mut Vec<T>) + Clone + Send + 'static,
    ) -> (Vec<T>, Option<Place>) {
        let mut place = from.unwrap_or_default();
        let mut items = Vec::new();
        while usize::from(place.shard) < self.mailboxes.len() {
            let room = limit.max(1).saturating_sub(items.len());
            if room == 0 {
                return (items, Some(place));
            }
            let (start, look) = (place.session, look.clone());
            let found = self.ask(ShardId(place.shard), move |view| portion(view, start, room, look)).await;
            // A shard that has ended has no clients.
            let Portion { items: found, next } = found.unwrap_or(Portion { items: Vec::new(), next: None });
            items.extend(found);
            place = match next {
                Some(session) => Place { session, ..place },
                None => Place { shard: place.shard.saturating_add(1), session: 0 },
            };
        }
        (items, None)
    }
}

fn portion<T>(
    view: &ShardView<'_>,
    start: usize,
    room: usize,
    look: impl Fn(&ShardView<'_>, usize, &mut Vec<T>),
) -> Portion<T> {
    let (end, room) = (view.engine.session_places(), room.min(ITEMS));
    let mut items = Vec::new();
    let mut place = start;
    while place < end && place - start < PLACES && items.len() < room {
        look(view, place, &mut items);
        place += 1;
    }
    Portion { items, next: (place < end).then_some(place) }
}
