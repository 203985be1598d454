//! What a process has one of, however many conversations it holds one after the other: whoever reads what is typed, signals,
//! the runtime.
//!
//! Whoever reads a terminal waits within the system, where nobody can call them back: a second one beside them would find
//! the first key or line gone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orchestra_engine::conversation::Wish;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::commands::start::screen::stage::Keys;
use crate::commands::start::screen::terminal::is_lent;
use crate::failure::Failure;
use crate::typing::{Typed, read_lines};

/// Handed from conversation to conversation.
pub(super) struct Seat {
    /// There until this goes.
    runtime: Option<Runtime>,
    /// What is typed where there is no screen, once somebody reads it.
    pub(super) lines: Option<mpsc::Receiver<Typed>>,
    /// What is typed at a screen, once somebody reads it.
    pub(super) keys: Option<Keys>,
    pub(super) signals: Signals,
}

impl Seat {
    /// Listens to signals from now on.
    pub(super) fn take() -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(Failure::Descriptors)?;
        let signals = Signals::default();
        signals.listen(&runtime);
        Ok(Self { runtime: Some(runtime), lines: None, keys: None, signals })
    }

    /// Lines as they are typed, for one conversation; it gives them back.
    pub(super) fn take_lines(&mut self) -> mpsc::Receiver<Typed> {
        self.lines.take().unwrap_or_else(|| {
            let (sender, typed) = mpsc::channel(64);
            read_lines(sender);
            typed
        })
    }

    pub(super) fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is there until the seat goes")
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // What still blocks is below a guard, and ends with this process: leaving never waits for it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Signals: each ends whichever conversation is held, but for `ctrl-c` where that one takes it itself.
#[derive(Clone, Default)]
pub(super) struct Signals(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    /// The exit code of the first that ends it.
    code: Option<u8>,
    wishes: Option<mpsc::WeakSender<Wish>>,
    interrupts: Option<mpsc::Sender<()>>,
}

impl Signals {
    fn listen(&self, runtime: &Runtime) {
        let _entered = runtime.enter();
        let codes =
            [(SignalKind::interrupt(), 130), (SignalKind::terminate(), 143), (SignalKind::hangup(), 129)];
        for (kind, code) in codes {
            // A signal that cannot be listened to ends the program as it would any other.
            let Ok(mut signals) = signal(kind) else { continue };
            let this = self.clone();
            let is_interrupt = kind == SignalKind::interrupt();
            runtime.spawn(async move {
                while signals.recv().await.is_some() {
                    // A program of the person's has the terminal: it is meant.
                    let is_elsewhere = is_interrupt && (is_lent() || this.is_taken());
                    if !is_elsewhere {
                        this.end(code).await;
                    }
                }
            });
        }
    }

    /// Whom they reach from now on. `interrupts` is told of `ctrl-c` instead.
    pub(super) async fn reach(&self, wishes: mpsc::WeakSender<Wish>, interrupts: Option<mpsc::Sender<()>>) {
        let code = {
            let mut heard = self.heard();
            heard.wishes = Some(wishes);
            heard.interrupts = interrupts;
            heard.code
        };
        // One that came between two conversations ends the second.
        if let Some(code) = code {
            self.end(code).await;
        }
    }

    /// Which exit code they ask for.
    pub(super) fn code(&self) -> Option<u8> {
        self.heard().code
    }

    /// Ends what is held. The first code counts.
    pub(super) async fn end(&self, code: u8) {
        let wishes = {
            let mut heard = self.heard();
            heard.code.get_or_insert(code);
            heard.wishes.as_ref().and_then(mpsc::WeakSender::upgrade)
        };
        if let Some(wishes) = wishes {
            // A conversation that is over hears nothing.
            drop(wishes.send(Wish::Leave).await);
        }
    }

    /// Whether the conversation takes a `ctrl-c` itself.
    fn is_taken(&self) -> bool {
        let heard = self.heard();
        let Some(interrupts) = &heard.interrupts else { return false };
        // Where some wait to be taken already, one more says nothing new.
        !matches!(interrupts.try_send(()), Err(mpsc::error::TrySendError::Closed(())))
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
