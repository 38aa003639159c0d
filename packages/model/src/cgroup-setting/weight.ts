const clamp = (value: number, least: number, greatest: number): number => Math.min(greatest, Math.max(least, value));

/**
 * cpu.weight 1 to 10000 to cpu.shares: 100 is 1024, linear (kernel/sched/sched.h, sched_weight_from_cgroup), within the
 * kernel's 2 to 262144. Every weight comes back from its shares.
 */
export const sharesOfWeight = (weight: number): number => clamp(Math.round((weight * 1024) / 100), 2, 262_144);

/** cpu.shares to cpu.weight, within 1 to 10000 (kernel/sched/sched.h, sched_weight_to_cgroup). */
export const weightOfShares = (shares: number): number => clamp(Math.round((shares * 100) / 1024), 1, 10_000);

/** A weight of BFQ is 1 to 1000 with 100 by default on both versions (block/bfq-cgroup.c); io.weight goes on to 10000. */
export const bfqWeightOf = (ioWeight: number): number => clamp(ioWeight, 1, 1000);

/** blkio.weight 10 to 1000 of the CFQ scheduler to io.weight 1 to 10000, as runc does (ConvertBlkIOToIOWeightValue). */
export const ioWeightOfBlkio = (blkioWeight: number): number => clamp(1 + Math.floor(((blkioWeight - 10) * 9999) / 990), 1, 10_000);

/** The nearest blkio.weight: what comes back from it is within 5 of what was asked for. */
export const blkioOfIoWeight = (ioWeight: number): number => clamp(10 + Math.round(((ioWeight - 1) * 990) / 9999), 10, 1000);
