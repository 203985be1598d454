//! Faults of our own, where a test wants one. What is delivered has none of it.

use std::convert::Infallible;

/// Panics where `PANIC_IN` names this place.
#[cfg(debug_assertions)]
pub(super) fn here(place: &str) {
    assert!(!is_wanted(place), "a test wanted a panic: {place}");
}

#[cfg(not(debug_assertions))]
pub(super) fn here(_place: &str) {}

/// The same, when SIGUSR1 comes.
#[cfg(debug_assertions)]
pub(super) async fn at_signal(place: &str) -> Infallible {
    use tokio::signal::unix::{SignalKind, signal};

    if is_wanted(place)
        && let Ok(mut signals) = signal(SignalKind::user_defined1())
    {
        signals.recv().await;
        here(place);
    }
    std::future::pending().await
}

#[cfg(not(debug_assertions))]
pub(super) async fn at_signal(_place: &str) -> Infallible {
    std::future::pending().await
}

#[cfg(debug_assertions)]
fn is_wanted(place: &str) -> bool {
    std::env::var_os("PANIC_IN").is_some_and(|wanted| wanted == place)
}
