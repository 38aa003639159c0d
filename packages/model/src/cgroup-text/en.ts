/**
 * What is said of settings of control groups and of what is done to groups, in English: a text for each code, with {values}
 * in braces. What a setting means stands in the registry of settings itself.
 */
export const en = {
  'word.then': '; ',

  'value.wanted.number': 'a whole number',
  'value.wanted.number-or-max': 'a whole number or max',
  'value.wanted.bytes-or-max': 'a size like 64M or 1073741824, or max',
  'value.wanted.flag': '0 or 1',
  'value.wanted.choice': 'one of its words',
  'value.wanted.quota': 'QUOTA PERIOD in microseconds, as in "50000 100000" or "max 100000"',
  'value.wanted.list': 'a list like 0-3,7',
  'value.wanted.percent-or-max': 'a percentage from 0.00 to 100.00, or max',
  'value.wanted.device-weights': 'a weight, with lines like "8:0 200" for single devices',
  'value.wanted.device-limits': 'lines like "8:0 rbps=1048576 wbps=max riops=100 wiops=max", with no limit of 0',
  'value.wanted.device-targets': 'lines like "8:0 target=75000"',
  'value.wanted.device-rules': 'lines like "deny a *:* rwm" and "allow c 1:3 rw"',
  'value.wanted.class': 'a class like 10:1, in hexadecimal',
  'value.wanted.priorities': 'lines like "eth0 5"',
  'value.wanted.text': 'text',
  'value.not': '{key}: {text} is not {wanted}',
  'value.not-choice': '{key}: {text} is not one of its words: {choices}',
  'value.range': '{key}: the kernel takes {least} to {greatest}, not {text}',
  'value.range-quota': '{key}: the kernel takes {least} to {greatest}, not a quota of {text}',
  'value.period': '{key}: the kernel takes a period of 1000 to 1000000 microseconds, not {text}',
} as const;
