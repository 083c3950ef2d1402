/**
 * The part of the root's package-lock.json that one function needs, as a lockfile of its own: what is deployed is, to the
 * last transitive package, what was tested here.
 */

/** An entry of `packages` in a lockfile (npm's format 3); what is not named is carried along. */
interface LockEntry {
  readonly version?: string;
  /** A folder of the repository, `resolved`, whose own entry says what it needs. */
  readonly link?: boolean;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly [field: string]: unknown;
}

export interface Lockfile {
  readonly name?: string;
  readonly version?: string;
  readonly requires?: boolean;
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockEntry>>;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** Flags of how the root reaches a package; the function reaches it another way. */
const ROOT_FLAGS = ['dev', 'devOptional', 'peer', 'optional'];

/**
 * Where the lockfile has the package that `from` gets when it imports `name`: the nearest node_modules upwards.
 * @param from path of the importing package in the lockfile, '' for the root, `functions` for a workspace
 */
export function locate(lock: Lockfile, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    // Only packages have a node_modules folder; names with a scope have a path in between that is none.
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (lock.packages[path] !== undefined) return path;
    if (at === '') return undefined;
  }
}

interface Need {
  readonly from: string;
  readonly name: string;
  readonly isOptional: boolean;
}

/**
 * A lockfile for `manifest`, whose dependencies are at the root's exact versions.
 * @throws Error naming a package that the root's lockfile lacks: it is older than package.json
 */
export function lockFor(manifest: Manifest, lock: Lockfile): Lockfile {
  const wanted: Need[] = Object.keys(manifest.dependencies).map((name) => ({ from: '', name, isOptional: false }));
  const found = new Map<string, LockEntry>();
  while (wanted.length > 0) {
    const { from, name, isOptional } = wanted.pop()!;
    const path = locate(lock, from, name);
    if (path === undefined) {
      if (isOptional) continue;
      throw new Error(`package-lock.json has no ${name} for ${from === '' ? manifest.name : from}: run npm install`);
    }
    if (found.has(path)) continue;
    const entry = lock.packages[path]!;
    found.set(path, Object.fromEntries(Object.entries(entry).filter(([field]) => !ROOT_FLAGS.includes(field))));
    const linked = entry.link === true ? lock.packages[entry.resolved!] : undefined;
    if (linked !== undefined) found.set(entry.resolved!, linked);
    for (const [needed, optional] of needs(linked ?? entry)) {
      wanted.push({ from: path, name: needed, isOptional: optional });
    }
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  const packages: Lockfile['packages'] = Object.fromEntries<LockEntry>([['', manifest], ...sorted]);
  const { lockfileVersion } = lock;
  return { name: manifest.name, version: manifest.version, lockfileVersion, requires: true, packages };
}

/** What a lockfile takes from folders beside it instead of a registry: the folder by the package's name. */
export function linkedFolders(lock: Lockfile): ReadonlyMap<string, string> {
  const linked = Object.entries(lock.packages).filter(([, { link }]) => link === true);
  return new Map(linked.map(([path, { resolved }]) => [path.replace(/^.*node_modules\//, ''), resolved!]));
}

/** Names of what a package needs, and whether it can do without. */
function* needs(entry: LockEntry): Generator<readonly [name: string, isOptional: boolean]> {
  for (const name of Object.keys(entry.dependencies ?? {})) yield [name, false];
  for (const name of Object.keys(entry.optionalDependencies ?? {})) yield [name, true];
  for (const name of Object.keys(entry.peerDependencies ?? {})) {
    yield [name, entry.peerDependenciesMeta?.[name]?.optional === true];
  }
}
