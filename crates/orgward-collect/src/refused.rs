//! What AWS answers where it does not answer.

use aws_sdk_organizations::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use orgward_snapshot::Gap;

use crate::actions::Action;

/// A call that failed, after all retries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refused {
    /// `AccessDeniedException`, … or that there was no answer.
    pub(crate) code: String,
    /// The words of AWS.
    pub(crate) message: String,
}

impl Refused {
    /// Whether the credentials are too old: nothing that follows will be answered either.
    pub(crate) fn is_expired(&self) -> bool {
        matches!(
            self.code.as_str(),
            "ExpiredToken"
                | "ExpiredTokenException"
                | "RequestExpired"
                | "InvalidClientTokenId"
                | "UnrecognizedClientException"
        )
    }

    /// Whether AWS says that there is no such thing.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(
            self.code.as_str(),
            "EntityNotFoundException"
                | "NoSuchBucketPolicy"
                | "NoSuchEntity"
                | "NoSuchEntityException"
                | "NoSuchPublicAccessBlockConfiguration"
                | "PolicyNotFound"
                | "PolicyNotFoundException"
                | "RegistryPolicyNotFoundException"
                | "RepositoryPolicyNotFoundException"
                | "ResourceNotFoundException"
                | "ResourcePolicyNotFoundException"
        )
    }

    /// What is missing because of it.
    pub(crate) fn gap(&self, action: &Action) -> Gap {
        Gap { what: action.what.to_owned(), action: action.name.to_owned(), why: self.code.clone() }
    }
}

impl<E, R> From<SdkError<E, R>> for Refused
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    fn from(error: SdkError<E, R>) -> Self {
        let no_answer = match &error {
            SdkError::TimeoutError(_) => Some("no answer in time"),
            SdkError::DispatchFailure(_) => Some("no connection"),
            SdkError::ConstructionFailure(_) => Some("no request"),
            SdkError::ResponseError(_) => Some("an answer that is none"),
            _ => None,
        };
        let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
        let code = meta.and_then(|meta| meta.code()).or(no_answer).unwrap_or("an error without a code");
        let message = meta.and_then(|meta| meta.message()).map(str::to_owned);
        let code = code.to_owned();
        Self { code, message: message.unwrap_or_else(|| DisplayErrorContext(&error).to_string()) }
    }
}
