//! Faults on request.

mod faults;
mod faulty;

pub use faults::{Fault, Faults, Operation};
pub use faulty::FaultyStore;
