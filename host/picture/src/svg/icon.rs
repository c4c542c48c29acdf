//! The icons: outlines in a square of 16 by 16, so that no font has to have them.

use crate::model::{Kind, Status};

pub(super) const PEOPLE: &str = "M8 8a3 3 0 1 0 0-6a3 3 0 0 0 0 6M2.5 14.2C2.5 11.6 5 10 8 10s5.5 1.6 5.5 4.2";
pub(super) const WARNING: &str = "M8 1.8L15 14H1ZM8 6.2V10M8 12V12.1";
pub(super) const BOLT: &str = "M9.2 1.5L3.2 9H7.4L6.6 14.5L12.8 7H8.6Z";
pub(super) const PLAY: &str = "M4 2.8L12.6 8L4 13.2Z";
const CUBE: &str = "M8 1.4L14 4.7V11.3L8 14.6L2 11.3V4.7ZM2 4.7L8 8L14 4.7M8 8V14.6";
const FORK: &str = "M8 1.5V5M3 14.5V9.5Q3 7.5 5 7.5H11Q13 7.5 13 9.5V14.5M8 5V14.5";
const DIAMOND: &str = "M8 1.4L14.6 8L8 14.6L1.4 8Z";
const LOOP: &str = "M13.4 8.6A5.5 5.5 0 1 1 11.6 3.9M12.2 1.2V4.6H8.8";
const CLOCK: &str = "M8 14.3a6.3 6.3 0 1 0 0-12.6a6.3 6.3 0 0 0 0 12.6M8 4.6V8.2L10.6 9.8";
const DOOR: &str = "M1.8 8H10.6M7.2 4.4L10.8 8L7.2 11.6M10 1.8H14.2V14.2H10";
const CHECK: &str = "M2.6 8.6L6.2 12.2L13.4 4.2";
const CROSS: &str = "M3.6 3.6L12.4 12.4M12.4 3.6L3.6 12.4";
const BANG: &str = "M8 2.2V9.6M8 13V13.2";
const BARRED: &str = "M8 14.3a6.3 6.3 0 1 0 0-12.6a6.3 6.3 0 0 0 0 12.6M3.6 3.6L12.4 12.4";
const SKIP: &str = "M3 3.4L8 8L3 12.6M8.6 3.4L13.6 8L8.6 12.6";
const DOTS: &str = "M3 8V8.1M8 8V8.1M13 8V8.1";

/// What stands for a kind of step.
pub(super) fn of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Plugin | Kind::Unknown => CUBE,
        Kind::Parallel => FORK,
        Kind::Choose => DIAMOND,
        Kind::Each => LOOP,
        Kind::Approval => PEOPLE,
        Kind::Wait => CLOCK,
        Kind::Call => DOOR,
    }
}

/// The sign of a status: it can be told without its colour.
pub(super) fn of_status(status: Status) -> &'static str {
    match status {
        Status::Failed => CROSS,
        Status::Refused => BARRED,
        Status::Expired | Status::Sleeping => CLOCK,
        Status::Suspended => BANG,
        Status::Waiting => PEOPLE,
        Status::Retrying => LOOP,
        Status::Running => PLAY,
        Status::Succeeded => CHECK,
        Status::Skipped => SKIP,
        Status::Pending | Status::NotReached => DOTS,
    }
}
