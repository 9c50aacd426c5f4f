//! `vouchmq product`: kinds of devices.

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Subcommand};
use vouchmq_client::dto::product::{NewAclRule, NewProduct, ProductPatch};

use super::Act;
use super::input::{Most, Wait, most, rule, word};
use super::operator::{Operator, text_of};
use super::path::ApiPath;
use super::table::{Column, Resource, bound, rules};
use crate::exit::Failure;

const STRATEGIES: &[&str] = &["off", "allow_list", "quarantine", "auto"];
const BINDINGS: &[&str] = &["exact", "prefix", "any"];
pub(super) const KINDS: &[&str] = &["secret", "password", "scram", "x509"];

pub(super) const PRODUCTS: Resource = Resource {
    plural: "products",
    columns: &[
        Column::listed("key", "key"),
        Column::listed("name", "name"),
        Column::listed("id", "id"),
        Column::listed("registration", "reg_strategy"),
        Column::listed("client id", "clientid_binding"),
        Column::listed("kinds", "allowed_kinds"),
        Column::listed("most devices", "max_devices").shown_as(bound),
        Column::listed("state", "state"),
        Column::detail("rules", "acl").shown_as(rules),
        Column::detail("version", "version"),
        Column::detail("created", "created_at"),
        Column::detail("changed", "updated_at"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List all products
    List,
    /// Show one
    Show(OfProduct),
    /// Make one; what is not said is as safe as it can be
    Create(Box<Create>),
    /// Change one: what is not said stays
    Change(Box<Change>),
    /// Delete one, with its claim tokens and registrations
    Delete {
        #[command(flatten)]
        of: OfProduct,
        /// Retire its devices first; otherwise a product that has some is not deleted
        #[arg(long)]
        cascade: bool,
        #[command(flatten)]
        wait: Wait,
    },
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct OfProduct {
    /// Its key or id
    #[arg(value_name = "KEY-OR-ID", value_parser = NonEmptyStringValueParser::new())]
    product: String,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Create {
    /// What people and devices call it by: a-z, 0-9, _ and -
    #[arg(long)]
    key: String,
    /// What people read
    #[arg(long)]
    name: String,
    #[command(flatten)]
    rest: Rest,
    /// Have so many devices at most [default: any number]
    #[arg(long, value_name = "N")]
    max_devices: Option<u32>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true)
    .args(["name", "strategy", "binding", "kind", "acl", "no_acl", "state", "max_devices"]))]
#[group(skip)]
pub(crate) struct Change {
    #[command(flatten)]
    of: OfProduct,
    /// What people read
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    rest: Rest,
    /// No rules at all: its devices may do nothing
    #[arg(long, conflicts_with = "acl")]
    no_acl: bool,
    /// Have so many devices at most, or 'unlimited'
    #[arg(long, value_name = "N", value_parser = most)]
    max_devices: Option<Most>,
    #[command(flatten)]
    wait: Wait,
}

/// What a new product may have, and what can be changed.
#[derive(Debug, Args)]
#[group(skip)]
struct Rest {
    /// How devices get in; 'off' for a new one
    #[arg(long, value_parser = word(STRATEGIES))]
    strategy: Option<String>,
    /// Which client ids they may use: their id, those that begin with it, or any; 'exact' for a new one
    #[arg(long, value_parser = word(BINDINGS))]
    binding: Option<String>,
    /// How they may prove who they are; repeat for more; 'secret' for a new one
    #[arg(long, value_delimiter = ',', value_parser = word(KINDS))]
    kind: Vec<String>,
    /// What they may do; repeat for more: these are all rules; 'allow both dev/${device}/#' for a new one
    #[arg(long, value_name = "RULE", value_parser = rule)]
    acl: Vec<NewAclRule>,
    /// Whether its devices may connect; 'active' for a new one
    #[arg(long, value_parser = word(&["active", "disabled"]))]
    state: Option<String>,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        match self {
            Self::List => operator.list(&ApiPath::to(&["products"]), &PRODUCTS).await,
            Self::Show(of) => {
                let path = of.path(operator).await?;
                operator.show(&operator.get(&path).await?, &PRODUCTS).await
            }
            Self::Create(create) => {
                let made = operator.post(&ApiPath::to(&["products"]), &NewProduct::from(*create)).await?;
                operator.show(&made, &PRODUCTS).await
            }
            Self::Change(change) => {
                let path = change.of.path(operator).await?.waiting(change.wait.wait);
                let changed = operator.patch(&path, &ProductPatch::from(*change)).await?;
                operator.show(&changed, &PRODUCTS).await?;
                operator.applied_too(&changed, "changed")
            }
            Self::Delete { of, cascade, wait } => {
                let path = of.path(operator).await?.with("cascade", cascade.then_some("retire"));
                let answer = operator.delete(&path.waiting(wait.wait)).await?;
                let product = &of.product;
                if text_of(&answer, "state").is_empty() {
                    return operator.gone(&answer, &format!("product '{product}' deleted"), wait);
                }
                let put_off =
                    "it has many devices: none is let in any more, and the broker deletes them by itself";
                operator.done(&answer, &format!("product '{product}' is being deleted; {put_off}"))?;
                operator.applied_too(&answer, "put out of service")
            }
        }
    }
}

impl OfProduct {
    async fn path(&self, operator: &Operator) -> Result<ApiPath, Failure> {
        Ok(ApiPath::to(&["products", &operator.product_id(&self.product).await?]))
    }
}

impl From<Create> for NewProduct {
    fn from(create: Create) -> Self {
        let Create { key, name, rest: Rest { strategy, binding, kind, acl, state }, max_devices } = create;
        Self {
            key,
            name,
            reg_strategy: strategy,
            clientid_binding: binding,
            allowed_kinds: given(kind),
            acl: given(acl),
            max_devices,
            state,
        }
    }
}

impl From<Change> for ProductPatch {
    fn from(change: Change) -> Self {
        let Change { of: _, name, rest, no_acl, max_devices, wait: _ } = change;
        let Rest { strategy, binding, kind, acl, state } = rest;
        Self {
            name,
            reg_strategy: strategy,
            clientid_binding: binding,
            allowed_kinds: given(kind),
            acl: if no_acl { Some(Vec::new()) } else { given(acl) },
            max_devices: max_devices.map(|Most(number)| number),
            state,
        }
    }
}

/// What was given at all.
fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
