/**
 * Devices that a group may use, as one list for both versions: what holds for all, then what is different. It is what the
 * devices controller of v1 can hold (admin-guide/cgroup-v1/devices.rst), and a program of v2 can be made of it.
 */
export interface DeviceRule {
  allow: boolean;
  /** `a`: all of both kinds. */
  type: 'a' | 'b' | 'c';
  major: number | '*';
  minor: number | '*';
  /** Some of `rwm`, in this order: read, write, mknod. */
  access: string;
}

/** What holds for all devices, and the exceptions from it. */
export interface DeviceList {
  allowed: boolean;
  exceptions: DeviceRule[];
}

const accesses = ['r', 'w', 'm'] as const;
const ordered = (letters: Iterable<string>): string => {
  const found = new Set(letters);
  return accesses.filter((letter) => found.has(letter)).join('');
};

const numberOf = (text: string): number | '*' => (text === '*' ? '*' : Number(text));

/** `allow c 1:3 rw`; undefined where it is none. */
export function parseDeviceRule(line: string): DeviceRule | undefined {
  const found = /^(allow|deny)\s+([abc])(?:\s+(\*|\d{1,4}):(\*|\d{1,7})\s+([rwm]{1,3}))?$/.exec(line.trim());
  if (found === null) return undefined;
  const [, verb, type = 'a', major = '*', minor = '*', access = 'rwm'] = found;
  // The kernel takes `a` for every device and every access alone, and wants numbers for the rest.
  if (type === 'a' && (major !== '*' || minor !== '*' || ordered(access) !== 'rwm')) return undefined;
  if (type !== 'a' && found[3] === undefined) return undefined;
  return {
    allow: verb === 'allow',
    type: type as DeviceRule['type'],
    major: numberOf(major),
    minor: numberOf(minor),
    access: ordered(access),
  };
}

export const formatDeviceRule = ({ allow, type, major, minor, access }: DeviceRule): string =>
  `${allow ? 'allow' : 'deny'} ${type} ${major}:${minor} ${access}`;

const isSameDevice = (left: DeviceRule, right: DeviceRule): boolean =>
  left.type === right.type && left.major === right.major && left.minor === right.minor;

/**
 * Takes rules one after the other, as the kernel takes writes to devices.allow and devices.deny: `a` forgets what was
 * before, one against what holds for all is an exception, one of the same kind takes from the exceptions of the same device.
 */
export function deviceListOf(rules: readonly DeviceRule[]): DeviceList {
  const list: DeviceList = { allowed: true, exceptions: [] };
  for (const rule of rules) {
    if (rule.type === 'a') {
      list.allowed = rule.allow;
      list.exceptions = [];
      continue;
    }
    const present = list.exceptions.find((each) => isSameDevice(each, rule));
    if (rule.allow !== list.allowed) {
      if (present === undefined) list.exceptions.push({ ...rule });
      else present.access = ordered(present.access + rule.access);
    } else if (present !== undefined) {
      present.access = ordered([...present.access].filter((letter) => !rule.access.includes(letter)));
      if (present.access === '') list.exceptions = list.exceptions.filter((each) => each !== present);
    }
  }
  return list;
}

const placeOf = (part: number | '*'): number => (part === '*' ? -1 : part);

export function formatDeviceList({ allowed, exceptions }: DeviceList): string {
  const sorted = [...exceptions].sort(
    (left, right) =>
      left.type.localeCompare(right.type) || placeOf(left.major) - placeOf(right.major) || placeOf(left.minor) - placeOf(right.minor),
  );
  return [formatDeviceRule({ allow: allowed, type: 'a', major: '*', minor: '*', access: 'rwm' }), ...sorted.map(formatDeviceRule)].join(
    '\n',
  );
}

/** Lines of rules as a list; undefined where one is no rule. Empty text is no list: nobody means "everything" by nothing. */
export function parseDeviceList(text: string): DeviceList | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const rules = lines.map(parseDeviceRule);
  return lines.length === 0 || lines.length > 1024 || rules.includes(undefined) ? undefined : deviceListOf(rules as DeviceRule[]);
}

/** The one form of a list of rules; undefined where a line is no rule. */
export function canonicalDeviceRules(text: string): string | undefined {
  const list = parseDeviceList(text);
  return list === undefined ? undefined : formatDeviceList(list);
}
