use vouchmq_client::dto::product::{AclRule as RuleBody, NewAclRule, Product as Body};
use vouchmq_identity::Acl;
use vouchmq_identity::acl::AclRule;
use vouchmq_identity::model::{CredentialKind, Product};

use crate::http::Problem;
use crate::management::refusal::invalid;
use crate::management::text::{read, read_all, time_of};

/// Rules of one product.
const RULES_MAX: usize = 64;

pub(in crate::management) fn body_of(product: &Product) -> Body {
    Body {
        id: product.id.to_string(),
        key: product.key.to_string(),
        name: product.name.to_string(),
        reg_strategy: product.strategy.to_string(),
        clientid_binding: product.binding.to_string(),
        allowed_kinds: product.kinds.iter().map(ToString::to_string).collect(),
        acl: product.acl.rules().iter().map(rule_body).collect(),
        max_devices: product.devices_max,
        state: product.state.to_string(),
        version: product.version,
        created_at: time_of(product.created_at),
        updated_at: time_of(product.updated_at),
    }
}

fn rule_body(rule: &AclRule) -> RuleBody {
    RuleBody {
        effect: rule.effect.to_string(),
        action: rule.action.to_string(),
        topic: rule.pattern.to_string(),
    }
}

pub(in crate::management) fn read_acl(rules: &[NewAclRule]) -> Result<Acl, Problem> {
    if rules.len() > RULES_MAX {
        return Err(invalid("/acl", format!("at most {RULES_MAX} rules are possible")));
    }
    (0..).zip(rules).map(|(at, rule): (usize, _)| read_rule(at, rule)).collect()
}

fn read_rule(at: usize, rule: &NewAclRule) -> Result<AclRule, Problem> {
    Ok(AclRule {
        effect: read(&format!("/acl/{at}/effect"), &rule.effect)?,
        action: read(&format!("/acl/{at}/action"), &rule.action)?,
        pattern: read(&format!("/acl/{at}/topic"), &rule.topic)?,
    })
}

/// Each kind once, in the order of the model.
pub(in crate::management) fn read_kinds(kinds: &[String]) -> Result<Vec<CredentialKind>, Problem> {
    let mut kinds: Vec<CredentialKind> = read_all("/allowed_kinds", kinds, CredentialKind::ALL.len())?;
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}
