import type { DoctorReport } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import { expect, test } from 'vitest';
import { formatReport, toJson } from './doctor.ts';

const report: DoctorReport = {
  at: '2026-01-01T00:00:00.000Z',
  checks: [
    { id: 'clock.source', group: 'clock', state: 'good', found: doctorText('as-is', { text: 'tsc' }) },
    {
      id: 'kernel.psi',
      group: 'kernel',
      state: 'attention',
      found: doctorText('switched-off'),
      cost: doctorText('kernel.psi.loss'),
      remedy: doctorText('kernel.psi.switch-on'),
    },
    {
      id: 'disk.run',
      group: 'disk',
      state: 'bad',
      found: doctorText('as-is', { text: 'evil \u001b[2J' }),
      cost: doctorText('disk.run.none'),
    },
  ],
};

test('one line a check in columns, below it what it costs and what to do, groups in their order, counts at the end', () => {
  expect(formatReport(report, 'en')).toBe(`Kernel
  attention  Pressure stall information  switched off
                                         cost: waiting for CPU, memory and disk is not shown
                                         do:   psi=1 on the command line of the kernel

Clock
  good       Clock source                tsc

Disk
  bad        Space for runtime state     evil \\x1b[2J
                                         cost: containers cannot be started

1 good, 1 attention, 1 bad, 0 unknown
`);
});

test('in Chinese columns stand under one another too: each character takes two', () => {
  expect(formatReport(report, 'zh')).toBe(`内核
  注意  压力阻塞信息（PSI）  已关闭
                             影响： 不显示等待 CPU、内存和磁盘的情况
                             建议： 在内核命令行加入 psi=1

时钟
  正常  时钟源               tsc

磁盘
  异常  运行时状态的空间     evil \\x1b[2J
                             影响： 无法启动容器

1 正常，1 注意，1 异常，0 未知
`);
});

test('JSON has the English words and the codes they were made of', () => {
  expect(JSON.parse(JSON.stringify(report.checks.map(toJson)))[1]).toEqual({
    id: 'kernel.psi',
    group: 'kernel',
    state: 'attention',
    title: 'Pressure stall information',
    found: 'switched off',
    cost: 'waiting for CPU, memory and disk is not shown',
    remedy: 'psi=1 on the command line of the kernel',
    codes: { found: { code: 'switched-off' }, cost: { code: 'kernel.psi.loss' }, remedy: { code: 'kernel.psi.switch-on' } },
  });
});
