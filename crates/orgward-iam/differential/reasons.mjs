// Why the two evaluators differ, as far as it is known. docs/evaluation.md tells which one is right, and from where.
// Each reason looks at a disagreement that has been made as small as it gets, so that what is left is what matters.

const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value])

/** Every statement with its layer and the version of its policy. */
function* statements({ policies }) {
  for (const [layer, content] of Object.entries(policies)) {
    const documents = layer === 'scp' || layer === 'rcp' ? content.flatMap((level) => level.policies) : content
    for (const { Version, Statement } of documents) {
      for (const statement of Statement) yield { layer, version: Version, statement }
    }
  }
}

/** Every condition: its operator, whether that is negated, its key, what it is compared with, and what it has. */
function* conditions(scenario) {
  const given = new Map(Object.entries(scenario.request.context).map(([key, value]) => [key.toLowerCase(), value]))
  for (const { layer, version, statement } of statements(scenario)) {
    for (const [operator, block] of Object.entries(statement.Condition ?? {})) {
      for (const [key, wanted] of Object.entries(block)) {
        const value = given.get(key.toLowerCase())
        yield { layer, version, operator, negated: operator.includes('Not'), key, wanted: list(wanted), value }
      }
    }
  }
}

const some = (items, test) => [...items].some(test)
const resources = ({ Resource, NotResource }) => [...list(Resource), ...list(NotResource)]
const hasVariable = (text) => text.includes('${')

/** Whether a pattern has a wildcard in the type of the resource, where that does not end the pattern. */
function isWildInType(pattern) {
  const name = pattern.split(':').slice(5).join(':')
  const end = name.search(/[/:]/)
  return end >= 0 && /[*?]/.test(name.slice(0, end))
}

const REASONS = {
  'session policies do not limit what is granted to the session itself or to everybody': ({ scenario, own, other }) =>
    own === 'allow' && other === 'implicit-deny' && scenario.policies.session !== undefined &&
    some(statements(scenario), ({ layer, statement: { Principal } }) =>
      layer === 'resource' && (Principal === '*' || list(Principal?.AWS).some((arn) => arn === '*' || arn.includes(':sts:')))),
  'a federated user without a session policy has no permissions of its own': ({ scenario, other }) =>
    other === 'allow' && scenario.policies.session === undefined &&
    String(scenario.request.principal).includes(':federated-user/'),
  'NotPrincipal spares only who is listed with account, role and session': ({ scenario, own }) =>
    own === 'explicit-deny' && some(statements(scenario), ({ statement }) => statement.NotPrincipal !== undefined),
  'a caller with a token of an identity provider is no principal of the account': ({ scenario }) =>
    scenario.request.principal.federated !== undefined &&
    some(statements(scenario), ({ statement }) => list(statement.Principal?.AWS).some((arn) => arn !== '*')),
  'variables are text in policies of the version 2008-10-17': ({ scenario }) =>
    some(statements(scenario), ({ version, statement }) => version === '2008-10-17' && hasVariable(JSON.stringify(statement))),
  'a negated comparison with a variable that has no value holds': ({ scenario }) =>
    some(conditions(scenario), ({ negated, wanted }) => negated && wanted.some(hasVariable)),
  'NotResource with a variable that has no value excepts nothing': ({ scenario }) =>
    some(statements(scenario), ({ statement }) => list(statement.NotResource).some(hasVariable)),
  '0.0.0.0/0 has every address of its version': ({ scenario }) =>
    some(conditions(scenario), ({ operator, wanted }) => operator.includes('IpAddress') && wanted.includes('0.0.0.0/0')),
  'an address is not one of the other version': ({ scenario }) =>
    some(conditions(scenario), ({ operator, wanted, value }) =>
      operator.includes('NotIpAddress') &&
      wanted.some((range) => !range.includes('/') && range.includes(':') !== String(value).includes(':'))),
  'what is no ARN is not like one, and so not-like it': ({ scenario }) =>
    some(conditions(scenario), ({ operator, wanted, value, key }) =>
      /Arn(Not)?(Like|Equals)/.test(operator) &&
      [...wanted, ...list(value)].some((text) => text.split(':').length < 6)),
  'ForAllValues holds for an empty text as for no value': ({ scenario }) =>
    some(conditions(scenario), ({ operator, value }) => operator.startsWith('ForAllValues:') && value === ''),
  'a variable may stand in any part of an ARN in a condition': ({ scenario }) =>
    some(conditions(scenario), ({ operator, wanted }) =>
      operator.includes('Arn') && wanted.some((text) => text.split(':').slice(0, 6).some((part) => part.includes('${')))),
  'a wildcard in the type of a resource is one': ({ scenario }) =>
    some(statements(scenario), ({ statement }) => resources(statement).some(isWildInType)),
  'a pattern that ends before the fifth colon reaches beyond it': ({ scenario }) =>
    some(statements(scenario), ({ layer, statement }) =>
      layer === 'rcp' && resources(statement).some((pattern) => pattern !== '*' && pattern.endsWith('*') && pattern.split(':').length < 6)),
}

/** The first reason that fits; `null` when none does. */
export function reasonOf(found) {
  const fitting = Object.entries(REASONS).find(([, fits]) => fits(found))
  return fitting === undefined ? null : fitting[0]
}
