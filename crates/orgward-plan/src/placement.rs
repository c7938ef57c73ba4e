use crate::Address;

/// An account that a resource can land in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Landing {
    /// An account id.
    Account(String),
    /// The account that this resource instance (`aws_organizations_account`) creates or stands for.
    Created(Address),
    /// The management account, whatever its id.
    Management,
}

/// How much a piece of evidence proves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Strength {
    /// Follows from the resource type.
    Structural,
    /// Follows from the configuration, symbolically.
    Good,
    /// Follows from the credentials or the provider's configuration.
    Strong,
    /// The resource itself says so.
    Conclusive,
}

/// What a piece of evidence rests on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Basis {
    /// The resource identity carries the account.
    Identity,
    /// The resource's own ARN.
    Arn,
    /// A computed attribute that names the owner.
    Owner,
    /// `aws_caller_identity` through the same provider.
    CallerIdentity,
    /// Another resource of the same provider.
    Sibling,
    /// The provider's `assume_role`.
    AssumeRole,
    /// The provider assumes a role in an account that this configuration creates.
    Vending,
    /// The provider's `allowed_account_ids` with one entry.
    AllowedAccounts,
    /// Resources of this type exist in the management account.
    Type,
}

/// One reason to believe that a resource lands in an account.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Evidence {
    /// How much it proves.
    pub strength: Strength,
    /// What it rests on.
    pub basis: Basis,
    /// The account.
    pub landing: Landing,
    /// Where it was read: an address or a provider key, fit to print.
    pub source: String,
}

/// Which account a resource lands in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Placement {
    /// All evidence, strongest first, then sorted; without repetitions.
    pub evidence: Vec<Evidence>,
}

impl Placement {
    /// The account that the strongest evidence names; `None` without evidence, or when evidence contradicts
    /// itself (see [`Placement::conflict`]).
    pub fn landing(&self) -> Option<&Landing> {
        todo!()
    }

    /// Two pieces of evidence that name different accounts, if there are. `Management` and `Created` do not
    /// contradict an account id: only the organization can tell whether they are the same.
    pub fn conflict(&self) -> Option<(&Evidence, &Evidence)> {
        todo!()
    }
}
