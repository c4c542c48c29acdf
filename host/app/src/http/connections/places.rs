//! Which connections there are, and which one is closed to make room for another.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::super::client_address::ClientAddress;
use super::ConnectionLimits;
use super::client_wait::ClientWait;

/// The connections that there are.
#[derive(Clone)]
pub struct ConnectionPlaces(Arc<Mutex<Table>>);

struct Table {
    limits: ConnectionLimits,
    next: u64,
    connections: HashMap<u64, Connection>,
}

struct Connection {
    origin: IpAddr,
    wait: ClientWait,
    /// Dropped to close it.
    _open: oneshot::Sender<()>,
}

/// The place of one connection.
pub struct ConnectionPlace {
    /// To be kept while the connection is open.
    pub held: HeldPlace,
    /// Resolves when the connection must be closed.
    pub closed: oneshot::Receiver<()>,
}

/// Gives the place back when it is dropped.
pub struct HeldPlace {
    places: ConnectionPlaces,
    id: u64,
}

impl ConnectionPlaces {
    /// Places for connections within `limits`.
    pub fn new(limits: ConnectionLimits) -> ConnectionPlaces {
        ConnectionPlaces(Arc::new(Mutex::new(Table { limits, next: 0, connections: HashMap::new() })))
    }

    /// A place for a connection of `client`. If there is none, the connection that has waited longest for its client loses
    /// its own; `None` when none waits.
    pub fn take(&self, client: ClientAddress, wait: ClientWait) -> Option<ConnectionPlace> {
        let mut table = self.table();
        let origin = client.network();
        table.make_room(origin)?;
        let id = table.next;
        table.next += 1;
        let (open, closed) = oneshot::channel();
        table.connections.insert(id, Connection { origin, wait, _open: open });
        Some(ConnectionPlace { held: HeldPlace { places: self.clone(), id }, closed })
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn make_room(&mut self, origin: IpAddr) -> Option<()> {
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        self.connections.values().for_each(|connection| *counts.entry(connection.origin).or_default() += 1);
        let count = |origin: &IpAddr| counts.get(origin).copied().unwrap_or_default();
        let of_this = count(&origin) >= self.limits.connections_per_address;
        if !of_this && self.connections.len() < self.limits.connections {
            return Some(());
        }
        // Of the address with the most, so that no address drives out those of others.
        let waiting = self.connections.iter().filter(|(_, connection)| !of_this || connection.origin == origin);
        let waiting = waiting.filter_map(|(id, connection)| Some((id, &connection.origin, connection.wait.since()?)));
        let longest = waiting.max_by_key(|(id, origin, since)| (count(origin), std::cmp::Reverse((*since, **id))));
        let longest = longest.map(|(id, ..)| *id)?;
        self.connections.remove(&longest);
        Some(())
    }
}

impl Drop for HeldPlace {
    fn drop(&mut self) {
        self.places.table().connections.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Places for four, of one address two.
    fn places() -> ConnectionPlaces {
        let limits = ConnectionLimits { connections: 4, connections_per_address: 2, ..ConnectionLimits::default() };
        ConnectionPlaces::new(limits)
    }

    fn is_closed(place: &mut ConnectionPlace) -> bool {
        !matches!(place.closed.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }

    /// Connections that began one second after the other; `busy` ones have a request under way.
    async fn taken(places: &ConnectionPlaces, addresses: &[&str], busy: &[usize]) -> Vec<ConnectionPlace> {
        let mut taken = vec![];
        for (number, address) in addresses.iter().enumerate() {
            let wait = ClientWait::begin();
            if busy.contains(&number) {
                wait.request();
            }
            taken.push(places.take(ClientAddress(address.parse().unwrap()), wait).unwrap());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        taken
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_that_waits_longest_makes_room() {
        let cases: [(&[&str], &[usize], Vec<usize>); 5] = [
            (&["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"], &[], vec![]),
            // One more than four: the first goes; one that is busy does not.
            (&["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"], &[], vec![0]),
            (&["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"], &[0], vec![1]),
            // One more than two of one address: the first of that address.
            (&["10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.2"], &[], vec![1]),
            // One more than four, with two of one address: the first of those.
            (&["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.3", "10.0.0.4"], &[], vec![2]),
        ];
        for (addresses, busy, expected) in cases {
            let places = places();
            let mut taken = taken(&places, addresses, busy).await;
            let closed: Vec<usize> = (0..taken.len()).filter(|number| is_closed(&mut taken[*number])).collect();
            assert_eq!(closed, expected, "{addresses:?} {busy:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_given_back_and_busy_ones_are_kept() {
        let places = places();
        let mut held = taken(&places, &["10.0.0.1", "10.0.0.1"], &[0, 1]).await;
        let of = |address: &str| places.take(ClientAddress(address.parse().unwrap()), ClientWait::begin());
        assert!(of("10.0.0.1").is_none(), "both are busy");
        assert!(of("::ffff:10.0.0.1").is_none(), "the same address in other words");
        assert!(of("10.0.0.2").is_some(), "another address is not concerned");
        held.pop();
        assert!(of("10.0.0.1").is_some());
    }
}
