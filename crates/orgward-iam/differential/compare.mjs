// Compares what orgward decides about scenarios with what iam-simulate decides, and names the reason of each
// disagreement: `node compare.mjs ORGWARD < scenarios.jsonl`. README.md tells more.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'
import { reasonOf } from './reasons.mjs'

const BATCH = 4000
const OUTCOMES = { Allowed: 'allow', ExplicitlyDenied: 'explicit-deny', ImplicitlyDenied: 'implicit-deny' }
const EVERYTHING = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
/** Services of the generator that resource control policies reach (AWS Organizations user guide). */
const RESOURCE_CONTROL = new Set(['s3', 'sqs', 'dynamodb', 'secretsmanager', 'kms', 'sts'])
const orgward = process.argv[2] ?? 'orgward'

/** What orgward decides about each of some scenarios; `null` where it takes one for unreadable. */
function ours(scenarios) {
  const input = scenarios.map((scenario) => JSON.stringify(scenario)).join('\n')
  const run = spawnSync(orgward, ['policy', 'decide', '-', '--format', 'json'], { input, maxBuffer: 1 << 30 })
  if (run.status !== 0 && run.status !== 2) throw new Error(`orgward ended with ${run.status}: ${run.stderr}`)
  return JSON.parse(run.stdout).map((answer) => answer.decision ?? null)
}

/** What follows from the caller and the resource, which the other evaluator expects to be told. */
function derived({ principal, resource, resourceAccount, principalRole }) {
  const context = { 'aws:ResourceAccount': resource.split(':')[4] || resourceAccount }
  if (typeof principal !== 'string') return context
  if (principal === 'anonymous') return { ...context, 'aws:PrincipalType': 'Anonymous' }
  if (!principal.startsWith('arn:')) {
    return { ...context, 'aws:PrincipalIsAWSService': 'true', 'aws:PrincipalServiceName': principal }
  }
  const [, , , , account, name] = principal.split(':')
  const [kind, ...path] = name.split('/')
  const types = { user: 'User', role: 'AssumedRole', 'assumed-role': 'AssumedRole', root: 'Account', 'federated-user': 'FederatedUser' }
  const role = principalRole ?? `arn:aws:iam::${account}:role/${path[0]}`
  Object.assign(context, {
    'aws:PrincipalArn': kind === 'assumed-role' ? role : principal,
    'aws:PrincipalAccount': account,
    'aws:PrincipalType': types[kind],
    'aws:PrincipalIsAWSService': 'false',
  })
  if (kind === 'user') context['aws:username'] = path.at(-1)
  return context
}

const named = (documents) => documents.map((policy, index) => ({ name: `policy ${index}`, policy }))
const levels = (list) =>
  (list ?? []).map(({ target, policies }) => ({ orgIdentifier: target, policies: named(policies) }))

/** What the other evaluator decides, or why it does not. */
async function theirs({ request, policies }) {
  const { principal, action, resource, resourceAccount } = request
  const caller = principal === 'anonymous' ? anonymousPrincipal : (principal.federated ?? principal)
  // Who has no ARN has no policies either; the other evaluator wants that spelled out.
  const signed = typeof principal === 'string' && principal.startsWith('arn:')
  // What it leaves to whoever asks: whom and what the policies of an organization bind, and that root users may do
  // everything.
  const linked = signed && principal.includes(':role/aws-service-role/')
  const root = signed && principal.endsWith(':root')
  const reached = RESOURCE_CONTROL.has(action.split(':')[0])
  const simulation = {
    request: {
      principal: caller,
      action,
      resource: { resource, accountId: resourceAccount },
      contextVariables: { ...request.context, ...derived(request) },
    },
    identityPolicies: named(root ? [EVERYTHING] : (policies.identity ?? [])),
    serviceControlPolicies: signed && !linked ? levels(policies.scp) : [],
    resourceControlPolicies: linked || !reached ? [] : levels(policies.rcp),
    resourcePolicy: policies.resource?.[0],
    permissionBoundaryPolicies: policies.boundary && named(policies.boundary),
    sessionPolicy: policies.session?.[0],
    vpcEndpointPolicies: policies.endpoint && named(policies.endpoint),
  }
  try {
    const answer = await runSimulation(simulation, {})
    if (answer.resultType === 'error') return { error: JSON.stringify(answer.errors).slice(0, 300) }
    const ignored = answer.result?.ignoredContextKeys ?? []
    if (ignored.length > 0) return { error: `ignores ${ignored.join(', ')}` }
    return { decision: OUTCOMES[answer.overallResult] }
  } catch (error) {
    return { error: `fails: ${error.message}` }
  }
}

/** Every scenario that is smaller by one piece. */
function smaller(scenario) {
  const found = []
  const without = (path) => {
    const copy = structuredClone(scenario)
    const last = path.at(-1)
    const parent = path.slice(0, -1).reduce((at, step) => at[step], copy)
    if (Array.isArray(parent)) parent.splice(last, 1)
    else delete parent[last]
    found.push(copy)
  }
  const statements = (documents, path) =>
    documents.forEach((document, policy) => {
      if (documents.length > 1) without([...path, policy])
      document.Statement.forEach((statement, at) => {
        const here = [...path, policy, 'Statement', at]
        if (document.Statement.length > 1) without(here)
        for (const [operator, block] of Object.entries(statement.Condition ?? {})) {
          for (const [key, values] of Object.entries(block)) {
            const single = Object.keys(block).length === 1
            without([...here, 'Condition', ...(single ? [operator] : [operator, key])])
            if (Array.isArray(values) && values.length > 1) {
              values.forEach((_, index) => without([...here, 'Condition', operator, key, index]))
            }
          }
        }
        for (const name of ['Action', 'NotAction', 'Resource', 'NotResource']) {
          const list = statement[name]
          if (Array.isArray(list) && list.length > 1) list.forEach((_, index) => without([...here, name, index]))
        }
      })
    })
  for (const [layer, content] of Object.entries(scenario.policies)) {
    without(['policies', layer])
    if (layer === 'scp' || layer === 'rcp') {
      content.forEach((level, index) => {
        if (content.length > 1) without(['policies', layer, index])
        statements(level.policies, ['policies', layer, index, 'policies'])
      })
    } else {
      statements(content, ['policies', layer])
    }
  }
  const text = JSON.stringify(scenario.policies).toLowerCase()
  const context = Object.entries(scenario.request.context)
  const idle = context.filter(([key]) => !text.includes(key.toLowerCase()))
  if (idle.length > 0) {
    const copy = structuredClone(scenario)
    for (const [key] of idle) delete copy.request.context[key]
    found.push(copy)
  }
  for (const [key, value] of context) {
    without(['request', 'context', key])
    if (Array.isArray(value) && value.length > 1) value.forEach((_, index) => without(['request', 'context', key, index]))
  }
  // The greatest step first.
  const size = (scenario) => JSON.stringify(scenario).length
  return found.map((scenario) => [size(scenario), scenario]).sort((a, b) => a[0] - b[0]).map(([, scenario]) => scenario)
}

/** Makes disagreements as small as they get. */
async function minimized(cases) {
  let open = cases
  const done = []
  while (open.length > 0) {
    const next = []
    for (let from = 0; from < open.length; from += 50) {
      const slice = open.slice(from, from + 50)
      const tries = slice.map(({ scenario }) => smaller(scenario))
      const answers = ours(tries.flat())
      let at = 0
      for (const [index, options] of tries.entries()) {
        let better = null
        for (const scenario of options) {
          const own = answers[at]
          at += 1
          // The same disagreement: others are found by themselves.
          if (better !== null || own !== slice[index].own) continue
          const other = await theirs(scenario)
          if (other.decision === slice[index].other) better = { ...slice[index], scenario }
        }
        if (better === null) done.push(slice[index])
        else next.push(better)
      }
    }
    open = next
  }
  return done
}

const scenarios = readFileSync(0, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))
const tally = { agree: {}, refused: new Map() }
const disagreements = []
for (let from = 0; from < scenarios.length; from += BATCH) {
  const batch = scenarios.slice(from, from + BATCH)
  const answers = ours(batch)
  for (const [index, scenario] of batch.entries()) {
    const own = answers[index]
    const { decision: other, error } = await theirs(scenario)
    if (error !== undefined || own === null) {
      const why = own === null ? 'orgward refuses it' : error
      tally.refused.set(why, (tally.refused.get(why) ?? 0) + 1)
    } else if (own === other) {
      tally.agree[own] = (tally.agree[own] ?? 0) + 1
    } else {
      disagreements.push({ scenario, own, other })
    }
  }
}

const reasons = new Map()
const unexplained = []
for (const found of await minimized(disagreements)) {
  const reason = reasonOf(found)
  if (reason === null) unexplained.push(found)
  else reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
}
const agreed = Object.values(tally.agree).reduce((sum, count) => sum + count, 0)
console.log(`${scenarios.length} scenarios: ${agreed} alike (${JSON.stringify(tally.agree)})`)
for (const [why, count] of tally.refused) console.log(`  ${count} not compared: ${why}`)
for (const [reason, count] of [...reasons].sort()) console.log(`  ${count} differ: ${reason}`)
console.log(`  ${unexplained.length} differ without a reason`)
const shown = Number(process.env.SHOW ?? 5)
for (const found of unexplained.slice(0, shown)) console.log(JSON.stringify(found))
process.exitCode = unexplained.length > 0 ? 1 : 0
