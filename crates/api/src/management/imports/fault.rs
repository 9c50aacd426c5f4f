use vouchmq_identity::HashFault;
use vouchmq_identity::password_import::ImportFault;
use vouchmq_identity::registry::Refusal;
use vouchmq_identity::scram::VerifierFault;

use crate::http::Problem;

/// Why a row cannot be entered. Never repeats what may be a secret.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) detail: String,
    /// No row can be entered.
    pub(super) is_of_all: bool,
}

impl Fault {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), is_of_all: false }
    }

    /// The file is none of its format: nothing of it is entered.
    pub(super) fn of_all(detail: impl Into<String>) -> Self {
        Self { is_of_all: true, ..Self::new("invalid", detail) }
    }

    /// A field that nobody here knows: it may say something that must not get lost.
    pub(super) fn unknown_field(name: &str) -> Self {
        let name: String = name.chars().take(64).flat_map(char::escape_debug).collect();
        Self::new("unknown_field", format!("{name} is not a field that is imported: take it out"))
    }

    /// A field that is known and says something that cannot be kept.
    pub(super) fn lost(name: &'static str) -> Self {
        let detail = format!(
            "{name} is not imported: the rules of the product hold. Add ignore={name} (--ignore {name}) to import \
             without it"
        );
        Self::new("unknown_field", detail)
    }

    /// What serde says, without values.
    pub(super) fn of_json(error: &serde_json::Error) -> Self {
        if !error.is_data() {
            return Self::new("malformed_json", "not one JSON object");
        }
        let text = error.to_string();
        let named = |what: &str| {
            let rest = text.split(what).nth(1)?;
            rest.split('`').next().map(ToOwned::to_owned)
        };
        if let Some(name) = named("unknown field `") {
            return Self::unknown_field(&name);
        }
        match named("missing field `") {
            Some(name) => Self::new("invalid", format!("{name} is missing")),
            None => Self::new("invalid", "a field has another type than it must have"),
        }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::new(problem.code().as_str(), problem.detail())
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Problem::from(refusal).into()
    }
}

impl From<ImportFault> for Fault {
    fn from(fault: ImportFault) -> Self {
        Self::new("invalid_hash", fault.to_string())
    }
}

impl From<HashFault> for Fault {
    fn from(fault: HashFault) -> Self {
        Self::new("invalid_hash", fault.to_string())
    }
}

impl From<VerifierFault> for Fault {
    fn from(fault: VerifierFault) -> Self {
        Self::new("invalid_hash", fault.to_string())
    }
}
