import { describe, expect, it } from 'vitest';
import { drawBars } from './bars.ts';

const cpu = (key: 'less' | 'more' | 'used') => ({ key, unit: 'cpuMillis' as const });
const at = (values: Record<string, number>) => ({ atMsec: 0, values });

describe('bars', () => {
  it('stand for a whole CPU, in eighths of a cell, with the number behind', () => {
    const drawn = drawBars({ series: [cpu('less'), cpu('more')], points: [at({ less: 200, more: 812.5 })] }, 57);
    expect(drawn).toEqual([
      `200 shares    ${'█'.repeat(3)}▌${'·'.repeat(14)} 0.200 CPUs`,
      `800 shares    ${'█'.repeat(14)}▋${'·'.repeat(3)} 0.813 CPUs`,
    ]);
  });

  it('mark the limit where it is, and only in what it limits', () => {
    const series = [
      { key: 'tasks', unit: 'count' },
      { key: 'limit', unit: 'count', isLimit: true },
      { key: 'refused', unit: 'count' },
    ] as const;
    const [tasks = '', refused = ''] = drawBars({ series: [...series], points: [at({ tasks: 10, limit: 20, refused: 5 })] }, 80);
    expect(tasks.indexOf('┃')).toBe(tasks.lastIndexOf('·') + 1);
    expect(tasks).toMatch(/ █+▌?·+┃ 10$/);
    expect(refused).not.toContain('┃');
  });

  it('say what was not measured, and nothing before the first point', () => {
    expect(drawBars({ series: [cpu('used')], points: [] }, 80)).toEqual([]);
    expect(drawBars({ series: [cpu('used')], points: [at({})] }, 47)).toEqual([`used          ${'·'.repeat(10)} not measured`]);
  });

  it('fit a narrow terminal and do not fill a wide one', () => {
    const width = (columns: number) =>
      [...(drawBars({ series: [cpu('used')], points: [at({ used: 0 })] }, columns)[0] ?? '')].filter((cell) => cell === '·').length;
    expect([20, 80, 300].map(width)).toEqual([10, 41, 50]);
  });
});
