//! The methods behind [`resume_probability`](crate::resume_probability), each by itself: for reference, and to check one
//! against the other. They have little in common and agree to 1e-12.
//!
//! | method | promotion quantile | work for R better arrivals |
//! |---|---|---|
//! | [`closed_form()`] | 1/eta | R, and bounded |
//! | [`quadratic()`] | any | R squared |
//! | [`step_wise()`], the approximation of Syne Tune 0.13 | any | R to the third power |

mod closed_form;
mod followed;
mod quadratic;
mod step_wise;

pub use closed_form::closed_form;
pub use quadratic::quadratic;
pub use step_wise::step_wise;

pub(crate) use closed_form::UnitStep;
pub(crate) use followed::LN_NEGLIGIBLE;
pub(crate) use quadratic::ln_by_arrival;
pub(crate) use step_wise::ln_by_gap;
