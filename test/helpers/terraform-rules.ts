/** What must hold of the deployment whoever changes it: each rule lists what breaks it, one line each. */
import { blocks, type Body, type Declared, type Deployment } from './terraform.ts';

export type Rule = (deployment: Deployment) => string[];

/** Everything that is given to somebody; nothing else is, and what is not in this table is too wide or was not thought about. */
const ROLES = new Set([
  'roles/artifactregistry.writer',
  'roles/bigtable.user',
  'roles/compute.osLogin',
  'roles/iam.serviceAccountUser',
  'roles/iap.tunnelResourceAccessor',
  'roles/pubsub.publisher',
  'roles/pubsub.subscriber',
  'roles/run.invoker',
  'roles/secretmanager.secretAccessor',
  'roles/storage.objectCreator',
  'roles/storage.objectUser',
  'roles/storage.objectViewer',
]);
/** Roles on the whole project come from the table of modules/policy, which has tests of its own. */
const PROJECT_ROLES = '${each.value.role}';

/** Types, and the attribute that keeps one from being destroyed with what it holds. */
const PROTECTED: Readonly<Record<string, string>> = {
  google_bigtable_instance: 'deletion_protection',
  google_bigtable_table: 'deletion_protection',
  google_compute_instance: 'deletion_protection',
  google_cloud_run_v2_worker_pool: 'deletion_protection',
};

const each = (deployment: Deployment, type: string): Declared[] =>
  deployment.declared.filter((one) => one.kind === 'resource' && one.type === type);
const nameOf = ({ type, name }: Declared): string => `${type}.${name}`;
const breaks = (items: readonly Declared[], isBroken: (body: Body) => boolean, what: string): string[] =>
  items.filter(({ body }) => isBroken(body)).map((item) => `${nameOf(item)}: ${what}`);
const lacks = (body: Body, name: string): boolean => blocks(body, name).length === 0;
const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? ''));
/** Comments may speak of what the code must not do. */
const code = (source: string): string => source.replaceAll(/^\s*(?:#|\/\/).*$/gm, '');

const pushes = (deployment: Deployment): Declared[] =>
  each(deployment, 'google_pubsub_subscription').filter(({ body }) => !lacks(body, 'push_config'));

/**
 * Whether it lets everybody call the report on the condition that readers sign in: the function's environment must say so
 * on the very same condition, after whatever the deployer set.
 */
function isReportBehindSignIn({ type, body }: Declared, { texts }: Deployment): boolean {
  const source = code([...texts.values()].join('\n'));
  return (
    type === 'google_cloud_run_v2_service_iam_member' &&
    body['member'] === 'allUsers' &&
    body['role'] === 'roles/run.invoker' &&
    body['name'] === '${google_cloudfunctions2_function.this["report"].name}' &&
    body['count'] === '${var.sign_in == null ? 0 : 1}' &&
    /report_environment = var\.sign_in == null \? \{\} : \{\s*TAPLINE_AUTH += "firebase"/.test(source) &&
    source.includes(
      'environment_variables = merge(local.function_environment, each.key == "report" ? local.report_environment : {})',
    )
  );
}

export const RULES: Readonly<Record<string, Rule>> = {
  'no range is open to everybody': ({ texts }) =>
    [...texts].flatMap(([file, source]) =>
      /\b0\.0\.0\.0\/|"::\/0"/.test(code(source)) ? [`${file}: an open range`] : [],
    ),

  'a firewall rule that lets in names from where, for whom and to which ports': (deployment) =>
    each(deployment, 'google_compute_firewall')
      .filter(({ body }) => body['direction'] !== 'EGRESS' && !lacks(body, 'allow'))
      .flatMap((item) => [
        ...breaks([item], (body) => !('source_ranges' in body) && !('source_service_accounts' in body), 'no source'),
        ...breaks([item], (body) => !('target_service_accounts' in body), 'for everything in the network'),
        ...breaks(
          [item],
          (body) => item.name !== 'mirrored' && blocks(body, 'allow').some((allow) => !('ports' in allow)),
          'every port',
        ),
      ]),

  'what goes out is denied but for what is named': (deployment) => {
    const outwards = each(deployment, 'google_compute_firewall').filter(({ body }) => body['direction'] === 'EGRESS');
    const denies = outwards.some(({ body }) => blocks(body, 'deny').some(({ protocol }) => protocol === 'all'));
    // Whatever runs in the network; the functions do not.
    const closed = outwards
      .filter(({ body }) => !lacks(body, 'deny'))
      .map(({ body }) => text(body['target_service_accounts']));
    const open = ['sensor', 'bridge', 'dataflow'].filter(
      (name) => !closed.some((targets) => targets.includes(`"${name}"`)),
    );
    return [
      ...(denies ? [] : ['no rule denies what goes out']),
      ...open.map((name) => `${name}: what it sends out is not denied`),
      ...breaks(
        outwards,
        (body) => !lacks(body, 'allow') && !('destination_ranges' in body),
        'allows everything outwards',
      ),
    ];
  },

  'no variable that names ranges has an open default': ({ variables }) =>
    Object.entries(variables).flatMap(([name, body]) =>
      /\/0"|0\.0\.0\.0/.test(JSON.stringify(body['default'] ?? '')) ? [`var.${name}: an open default`] : [],
    ),

  'a machine is shielded, has OS Login, no keys of the project and no address outside': (deployment) =>
    each(deployment, 'google_compute_instance').flatMap((item) => {
      const metadata = (body: Body): Body => blocks(body, 'metadata')[0] ?? {};
      const shield = (body: Body): Body => blocks(body, 'shielded_instance_config')[0] ?? {};
      return [
        ...breaks([item], (body) => shield(body)['enable_secure_boot'] !== true, 'no secure boot'),
        ...breaks([item], (body) => metadata(body)['enable-oslogin'] !== 'TRUE', 'no OS Login'),
        ...breaks([item], (body) => metadata(body)['block-project-ssh-keys'] !== 'TRUE', 'keys of the project'),
        ...breaks(
          [item],
          (body) => blocks(body, 'network_interface').some((card) => 'access_config' in card),
          'an address outside',
        ),
      ];
    }),

  'every subscription keeps a week and never expires': (deployment) =>
    each(deployment, 'google_pubsub_subscription').flatMap((item) => [
      ...breaks([item], (body) => blocks(body, 'expiration_policy')[0]?.['ttl'] !== '', 'expires'),
      ...breaks([item], (body) => body['message_retention_duration'] !== '604800s', 'keeps less than a week'),
    ]),

  'every push has dead letters': (deployment) =>
    breaks(pushes(deployment), (body) => lacks(body, 'dead_letter_policy'), 'no dead letters'),

  'dead letters have a subscription of their own': (deployment) =>
    pushes(deployment).length > 0 &&
    !each(deployment, 'google_pubsub_subscription').some(
      ({ body }) => lacks(body, 'push_config') && text(body['topic']).includes('dead-letters'),
    )
      ? ['nothing is subscribed to the dead letters: they would be lost']
      : [],

  'every push is tried again, later and later': (deployment) =>
    breaks(pushes(deployment), (body) => lacks(body, 'retry_policy'), 'no retry policy'),

  'every push, and every call of a timer, is signed': (deployment) => {
    const unsigned = (block: string) => (body: Body) =>
      blocks(body, block).some(
        (one) => blocks(one, 'oidc_token').filter((token) => 'service_account_email' in token).length === 0,
      );
    return [
      ...breaks(pushes(deployment), unsigned('push_config'), 'not signed'),
      ...breaks(each(deployment, 'google_cloud_scheduler_job'), unsigned('http_target'), 'not signed'),
    ];
  },

  'no role is wider than the table': ({ declared }) =>
    declared
      .filter(({ type }) => /_iam_(?:member|binding|policy)$/.test(type))
      .flatMap((item) => {
        const role = text(item.body['role']);
        if (/_iam_(?:binding|policy)$/.test(item.type)) return [`${nameOf(item)}: takes rights from others`];
        if (role === PROJECT_ROLES && item.type === 'google_project_iam_member') return [];
        // Several of the table for one member.
        const several = role === '${each.value}' ? (text(item.body['for_each']).match(/roles\/[\w.]+/g) ?? []) : [];
        if (several.length > 0 && several.every((one) => ROLES.has(one)) && item.type !== 'google_project_iam_member')
          return [];
        return ROLES.has(role) && item.type !== 'google_project_iam_member' ? [] : [`${nameOf(item)}: ${role}`];
      }),

  'nothing may be called by everybody but the report, and that one only behind its sign-in': (deployment) =>
    deployment.declared
      .filter(({ body }) => /allUsers|allAuthenticatedUsers/.test(JSON.stringify(body)))
      .filter((item) => !isReportBehindSignIn(item, deployment))
      .map(nameOf),

  'no secret is in the state': (deployment) => [
    ...deployment.declared
      .filter(({ type }) =>
        /^google_(?:secret_manager_secret_version|service_account_key|secret_manager_secret_version_access)$/.test(
          type,
        ),
      )
      .map((item) => `${nameOf(item)}: its value is kept in the state`),
    ...[...deployment.texts].flatMap(([file, source]) =>
      /^\s*(?:password|token|secret_data|private_key)\s*=\s*"[^$"]+"|AstraCS:|BEGIN [A-Z ]*PRIVATE KEY/m.test(source)
        ? [`${file}: a secret is written there`]
        : [],
    ),
  ],

  'versions are exact': ({ settings }) => {
    const providers = settings.flatMap((block) => blocks(block, 'required_providers'));
    const all = providers.flatMap((block) => Object.entries(block)) as [string, { version?: string }][];
    return [
      ...(settings.some((block) => 'required_version' in block) ? [] : ['terraform itself: no version']),
      ...all
        .filter(([, { version }]) => !/^\d+\.\d+\.\d+$/.test(version ?? ''))
        .map(([name, { version }]) => `${name}: ${version ?? 'no version'}`),
    ];
  },

  'what holds data is protected from deletion': (deployment) => [
    ...Object.entries(PROTECTED).flatMap(([type, attribute]) =>
      breaks(
        each(deployment, type),
        (body) => !(attribute in body) || body[attribute] === false || body[attribute] === 'UNPROTECTED',
        `no ${attribute}`,
      ),
    ),
  ],

  'a function has a runtime that lives, instances and requests within bounds, and an account of its own': (
    deployment,
  ) =>
    each(deployment, 'google_cloudfunctions2_function').flatMap((item) => {
      const service = blocks(item.body, 'service_config')[0] ?? {};
      const wanted = [
        'max_instance_count',
        'max_instance_request_concurrency',
        'service_account_email',
        'timeout_seconds',
      ];
      return [
        ...wanted.filter((name) => !(name in service)).map((name) => `${nameOf(item)}: no ${name}`),
        ...breaks([item], (body) => blocks(body, 'build_config')[0]?.['runtime'] !== 'nodejs24', 'another runtime'),
        ...breaks(
          [item],
          () => !text(service['ingress_settings']).includes('ALLOW_INTERNAL_ONLY'),
          'reached from outside',
        ),
      ];
    }),

  'a bucket is closed to the public': (deployment) =>
    breaks(
      each(deployment, 'google_storage_bucket'),
      (body) => body['uniform_bucket_level_access'] !== true || body['public_access_prevention'] !== 'enforced',
      'may be opened',
    ),

  'what is recorded is forgotten some day, is deleted by nobody at once, and can be under a key of the deployer': (
    deployment,
  ) =>
    each(deployment, 'google_storage_bucket')
      .filter(({ name }) => name === 'record')
      .flatMap((item) => [
        ...breaks(
          [item],
          (body) =>
            !blocks(body, 'lifecycle_rule').some(
              (rule) =>
                blocks(rule, 'action')[0]?.['type'] === 'Delete' &&
                text(blocks(rule, 'condition')[0]?.['age']).startsWith('${var.'),
            ),
          'kept for ever',
        ),
        ...breaks(
          [item],
          (body) => Number(blocks(body, 'soft_delete_policy')[0]?.['retention_duration_seconds'] ?? 0) < 604_800,
          'a mistake cannot be undone',
        ),
        ...breaks([item], (body) => lacks(body, 'encryption'), 'no key of the deployer'),
        ...breaks([item], (body) => body['force_destroy'] !== '${!var.protect}', 'destroyed with what is in it'),
      ]),

  'the sensor adds to what is recorded, and can neither change nor delete it': (deployment) =>
    each(deployment, 'google_storage_bucket_iam_member')
      .filter(({ body }) => text(body['bucket']).includes('google_storage_bucket.record'))
      .flatMap((item) => {
        const named = text(item.body['role']);
        const roles =
          named === '${each.value}' ? [...text(item.body['for_each']).matchAll(/roles\/[\w.]+/g)].map(String) : [named];
        const allowed = /^roles\/storage\.object(?:Creator|Viewer)$/;
        return roles.length > 0 && roles.every((role) => allowed.test(role))
          ? []
          : [`${nameOf(item)}: ${roles.join(', ')}`];
      }),

  'every variable says what it is for': ({ variables }) =>
    Object.entries(variables).flatMap(([name, body]) =>
      text(body['description']).length > 15 ? [] : [`var.${name}: no description`],
    ),
};
