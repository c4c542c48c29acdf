//! What values weigh.
//!
//! Values share their parts, so a small list of lists can stand for more than any memory holds, and the engine charges
//! for the outermost list only. This decides that whatever is compared, copied or written is first walked in full, and
//! that the walk is paid for; a value that cannot be paid for is never touched otherwise.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, State, Value};

/// Deeper than JSON can be: `serde_json` stops at 128, and expressions nest at most 100 levels around that.
const MAX_DEPTH: usize = 300;
/// So many values, or bytes of text, are walked for one fuel.
const VALUES_FOR_FUEL: u64 = 8;
const BYTES_FOR_FUEL: u64 = 256;

/// Charges for walking a value once.
pub(super) fn weigh(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    let mut walk = Walk { state, owed: 0 };
    walk.visit(value, MAX_DEPTH)
}

/// That there is not enough fuel left, whatever was asked for.
pub(super) fn too_costly() -> Error {
    Error::from(ErrorKind::OutOfFuel)
}

struct Walk<'s, 't, 'e> {
    state: &'s State<'t, 'e>,
    /// In the 256th part of one fuel.
    owed: u64,
}

impl Walk<'_, '_, '_> {
    fn visit(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        let depth = depth.checked_sub(1).ok_or_else(too_costly)?;
        self.owe(BYTES_FOR_FUEL / VALUES_FOR_FUEL)?;
        match value.kind() {
            ValueKind::String => self.owe(value.as_str().map_or(0, str::len) as u64),
            ValueKind::Seq | ValueKind::Iterable => {
                for item in value.try_iter()? {
                    self.visit(&item, depth)?;
                }
                Ok(())
            }
            ValueKind::Map => {
                for key in value.try_iter()? {
                    self.visit(&key, depth)?;
                    self.visit(&value.get_item(&key)?, depth)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn owe(&mut self, amount: u64) -> Result<(), Error> {
        self.owed = self.owed.saturating_add(amount);
        let fuel = self.owed / BYTES_FOR_FUEL;
        if fuel == 0 {
            return Ok(());
        }
        self.owed %= BYTES_FOR_FUEL;
        self.state.consume_fuel(fuel)
    }
}
