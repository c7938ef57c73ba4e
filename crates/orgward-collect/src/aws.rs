//! How AWS is called: one client of HTTP, retries with back-off, and many calls at the same time within a limit.

use std::future::Future;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use tokio::task::JoinSet;

/// Where Organizations and IAM are, if nothing else is configured.
const REGION: &str = "us-east-1";
/// Attempts of one call. The APIs of Organizations are throttled at a few calls a second.
const ATTEMPTS: u32 = 10;
/// The longest wait between two of them.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_mins(1);

/// The configuration of the SDK: credentials, region and endpoints from the environment and profiles.
pub(crate) async fn configuration() -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(LONGEST_WAIT);
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ANSWER).build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(retries)
        .timeout_config(timeouts)
        .load()
        .await;
    let region = config.region().cloned().unwrap_or_else(|| Region::new(REGION));
    config.into_builder().region(region).build()
}

/// Does the same with many things, at most `most` of them at a time. Answers are in the order of the things.
pub(crate) async fn each<T, R, F>(things: Vec<T>, most: usize, work: impl Fn(T) -> F) -> Vec<R>
where
    R: Send + 'static,
    F: Future<Output = R> + Send + 'static,
{
    let mut running = JoinSet::new();
    let mut done = Vec::new();
    for (at, thing) in things.into_iter().enumerate() {
        if running.len() >= most {
            done.extend(next(&mut running).await);
        }
        let work = work(thing);
        running.spawn(async move { (at, work.await) });
    }
    while let Some(next) = next(&mut running).await {
        done.push(next);
    }
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, answer)| answer).collect()
}

async fn next<R: 'static>(running: &mut JoinSet<(usize, R)>) -> Option<(usize, R)> {
    match running.join_next().await? {
        Ok(done) => Some(done),
        // No task is cancelled, so that it is a panic: raise it here.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
