//! One invocation's conversation with the host: counts the calls, sends each, and waits for its answer.
//!
//! What a call means and how long its answer may take is the host's business. When the invocation is dropped while it
//! waits, the call stays with the host, which carries it through.

use serde_json::Value;

use crate::{
    ended::Ended,
    limits::Limits,
    message::{Answer, Call, Channel},
};

/// The conversation, and what is left of its limits.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// `None` where the plugin may call nothing.
    channel: Option<Channel>,
    calls: Budget,
    argument_bytes: Budget,
}

impl Exchange {
    pub(crate) fn new(channel: Option<Channel>, limits: &Limits) -> Self {
        let argument_bytes = Budget::new(limits.argument_bytes);
        Self { channel, calls: Budget::new(limits.host_calls), argument_bytes }
    }

    /// Calls the host and waits for what the function returns.
    pub(crate) async fn call(&mut self, function: &str, arguments: Value) -> Result<Value, Ended> {
        let name = || function.to_owned();
        let channel = self.channel.as_mut().ok_or_else(|| Ended::CallNotAllowed { function: name() })?;
        self.calls.spend(1).map_err(|limit| Ended::CallLimit { limit })?;
        self.argument_bytes.spend(json_bytes(&arguments)).map_err(|limit| Ended::ArgumentLimit { limit })?;
        let sent = channel.calls.send(Call { function: name(), arguments }).await;
        if sent.is_err() {
            return Err(Ended::HostGone { function: name() });
        }
        match channel.answers.recv().await {
            Some(Answer::Return(value)) => Ok(value),
            Some(Answer::Stop { code, message }) => Err(Ended::Stopped { code, message }),
            None => Err(Ended::HostGone { function: name() }),
        }
    }
}

/// So much, and no more.
#[derive(Debug)]
struct Budget {
    limit: usize,
    left: usize,
}

impl Budget {
    fn new(limit: usize) -> Self {
        Self { limit, left: limit }
    }

    /// Fails with the limit when there is not enough left.
    fn spend(&mut self, amount: usize) -> Result<(), usize> {
        self.left = self.left.checked_sub(amount).ok_or(self.limit)?;
        Ok(())
    }
}

/// How many bytes a value has as JSON text.
fn json_bytes(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // A value without a text would have to count as all there is; there is none.
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}
