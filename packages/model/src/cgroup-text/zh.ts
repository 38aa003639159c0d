import type { en } from './en.ts';

/** The same catalogue in simplified Chinese. */
export const zh: Record<keyof typeof en, string> = {
  'word.then': '；',

  'value.wanted.number': '整数',
  'value.wanted.number-or-max': '整数或 max',
  'value.wanted.bytes-or-max': '容量（如 64M 或 1073741824）或 max',
  'value.wanted.flag': '0 或 1',
  'value.wanted.choice': '可选值之一',
  'value.wanted.quota': '以微秒计的“配额 周期”，例如 "50000 100000" 或 "max 100000"',
  'value.wanted.list': '形如 0-3,7 的列表',
  'value.wanted.percent-or-max': '0.00 到 100.00 之间的百分数，或 max',
  'value.wanted.device-weights': '权重；单个设备另起一行，如 "8:0 200"',
  'value.wanted.device-limits': '形如 "8:0 rbps=1048576 wbps=max riops=100 wiops=max" 的行，限额不能为 0',
  'value.wanted.device-targets': '形如 "8:0 target=75000" 的行',
  'value.wanted.device-rules': '形如 "deny a *:* rwm" 和 "allow c 1:3 rw" 的行',
  'value.wanted.class': '形如 10:1 的十六进制类别号',
  'value.wanted.priorities': '形如 "eth0 5" 的行',
  'value.wanted.text': '文本',
  'value.not': '{key}：{text} 不符合要求，应为{wanted}',
  'value.not-choice': '{key}：{text} 不在可选值之中：{choices}',
  'value.range': '{key}：内核只接受 {least} 到 {greatest}，不接受 {text}',
  'value.range-quota': '{key}：内核只接受 {least} 到 {greatest} 的配额，不接受 {text}',
  'value.period': '{key}：内核只接受 1000 到 1000000 微秒的周期，不接受 {text}',
};
