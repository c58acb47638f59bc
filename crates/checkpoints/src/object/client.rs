//! Clients by address.

use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStoreScheme;
use object_store::path::Path as ObjectPath;
use url::Url;

use super::bucket::Bucket;
use crate::StoreError;

type Client = Arc<dyn object_store::ObjectStore>;

/// The longest pause between two tries of a request.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// The variables of the environment that clients of object stores read: those whose names begin
/// with `AWS_`, `GOOGLE_` or `AZURE_`.
pub fn client_environment() -> impl Iterator<Item = (String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).filter(|(name, _)| {
        let prefixes = ["AWS_", "GOOGLE_", "AZURE_"];
        prefixes.iter().any(|prefix| name.starts_with(prefix))
    })
}

/// A bucket, and the prefix in it.
pub(super) fn open(
    address: &str,
    options: impl IntoIterator<Item = (String, String)>,
    patience: Duration,
) -> Result<Bucket, StoreError> {
    let unusable = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Bucket {
        action: "open",
        key: address.to_owned(),
        source,
    };
    let url = Url::parse(address).map_err(|error| unusable(error.into()))?;
    let built = build(&url, options, patience);
    let (client, prefix) = built.map_err(|error| unusable(error.into()))?;
    Bucket::new(client, prefix.as_ref(), patience)
}

fn build(
    url: &Url,
    options: impl IntoIterator<Item = (String, String)>,
    patience: Duration,
) -> object_store::Result<(Client, ObjectPath)> {
    let (scheme, path) = ObjectStoreScheme::parse(url)?;
    Ok((client(&scheme, url, options, patience)?, path))
}

/// A builder with its options, those passed over that it does not know.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
macro_rules! built {
    ($builder:ty, $url:expr, $options:expr, $patience:expr) => {{
        let _ = rustls::crypto::ring::default_provider().install_default(); // or there is one
        let mut builder = <$builder>::new().with_url($url.to_string());
        for (name, value) in $options {
            if let Ok(known) = name.to_ascii_lowercase().parse() {
                builder = builder.with_config(known, value);
            }
        }
        Ok(Arc::new(builder.with_retry(retry($patience)).build()?))
    }};
}

#[cfg_attr(
    not(any(feature = "aws", feature = "azure", feature = "gcp")),
    expect(
        unused_variables,
        clippy::needless_pass_by_value,
        reason = "without a client there is nothing to set up"
    )
)]
fn client(
    scheme: &ObjectStoreScheme,
    url: &Url,
    options: impl IntoIterator<Item = (String, String)>,
    patience: Duration,
) -> object_store::Result<Client> {
    match scheme {
        #[cfg(feature = "aws")]
        ObjectStoreScheme::AmazonS3 => {
            built!(object_store::aws::AmazonS3Builder, url, options, patience)
        }
        #[cfg(feature = "gcp")]
        ObjectStoreScheme::GoogleCloudStorage => built!(
            object_store::gcp::GoogleCloudStorageBuilder,
            url,
            options,
            patience
        ),
        #[cfg(feature = "azure")]
        ObjectStoreScheme::MicrosoftAzure => built!(
            object_store::azure::MicrosoftAzureBuilder,
            url,
            options,
            patience
        ),
        // A file system needs no options; the others are refused there.
        _ => Ok(Arc::from(object_store::parse_url(url)?.0)),
    }
}

/// Tries until the time is up, however often that is.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
fn retry(patience: Duration) -> object_store::RetryConfig {
    object_store::RetryConfig {
        backoff: object_store::BackoffConfig {
            max_backoff: LONGEST_PAUSE.min(patience / 4),
            ..Default::default()
        },
        max_retries: usize::MAX,
        retry_timeout: patience,
    }
}
