/** What the registry of settings says in English, in simplified Chinese; formulas without words are the same in both. */
export interface SettingWords {
  meaning: string;
  elsewhere?: string;
  /** Of the formulas to each version. */
  v1?: { formula?: string; lost?: string };
  v2?: { formula?: string; lost?: string };
}

const sameFile = { formula: '同一个文件' };

/** By their keys; those of huge pages without the size. */
export const settingsZh: Readonly<Record<string, SettingWords>> = {
  'cpu.weight': {
    meaning: '同级组争用 CPU 时，它能分到的份额。',
    v2: {
      formula: 'cpu.weight = round(cpu.shares × 100 / 1024)，取值限于 1 到 10000',
      lost: '两档权重之间的份额（每档约 10）以及超过 102400 的份额：换算回来是最接近的权重。较新的容器运行时使用另一条曲线，同样把 1024 份额映射为权重 100，但把 2 映射为 1。',
    },
  },
  'cpu.max': {
    meaning: '每个周期内最多能用的 CPU 时间，以微秒计。',
    v1: { formula: 'cpu.cfs_quota_us = 第一个数（max 为 -1），cpu.cfs_period_us = 第二个数' },
    v2: {
      formula: 'cpu.max = "cpu.cfs_quota_us cpu.cfs_period_us"（-1 为 max）',
      lost: 'v1 拒绝超过上级组的配额；v2 会接受，实际取两者中较小的（kernel/sched/core.c，tg_cfs_schedulable_down）。',
    },
  },
  'cpu.max.burst': { meaning: '可以攒下、留待突发时使用的配额，以微秒计；最多等于配额。' },
  'cpu.idle': {
    meaning: '1：只有别的组都不需要 CPU 时才运行（SCHED_IDLE）。此时不能设置权重。',
    v1: sameFile,
    v2: sameFile,
  },
  'cpu.uclamp.min': { meaning: '其任务至少请求的 CPU 频率，以最高频率的百分比计。' },
  'cpu.uclamp.max': { meaning: '其任务至多请求的 CPU 频率，以最高频率的百分比计。' },
  'cpu.rt_runtime_us': {
    meaning: '每个 cpu.rt_period_us 内专属于它的实时 CPU 时间；不为 0 时实时任务才能加入。',
    elsewhere: 'v2 不分配实时时间：只要根组之外还有实时任务在运行，就根本无法启用 cpu（cgroup-v2.rst，“CPU”）。',
  },
  'cpu.rt_period_us': { meaning: 'cpu.rt_runtime_us 的周期。', elsewhere: 'v2 不分配实时时间（cgroup-v2.rst，“CPU”）。' },
  'cpuacct.usage_percpu': { meaning: '在各个 CPU 上用掉的纳秒数。', elsewhere: 'v2 把一个组在所有 CPU 上的用量合在一起计（cpu.stat）。' },
  'cpuset.cpus': {
    meaning: '它可以使用的 CPU。',
    v1: { ...sameFile, lost: '空值在 v2 表示“同上级组”；在 v1 表示“没有”，任何任务都无法加入。' },
    v2: {
      ...sameFile,
      lost: 'v1 拒绝上级组没有的 CPU；v2 会接受，实际只用上级组有的那些（cpuset.cpus.effective）。',
    },
  },
  'cpuset.mems': {
    meaning: '它可以从中分配内存的节点。',
    v1: { ...sameFile, lost: '同 cpuset.cpus。' },
    v2: { ...sameFile, lost: 'v2 会把正在使用的内存迁到新节点；v1 只有开启 cpuset.memory_migrate 时才迁。' },
  },
  'cpuset.cpus.partition': {
    meaning: 'root：CPU 归它独有，自成一个调度域；isolated：这些 CPU 之间也不做负载均衡。',
    v1: {
      formula: '没有；最接近的是 cpuset.cpu_exclusive = 1，并在上级组设 cpuset.sched_load_balance = 0',
      lost: 'v1 不会从上级组拿走这些 CPU。',
    },
  },
  'cpuset.cpus.exclusive': {
    meaning: '可以归它独有、或归其下某个分区独有的 CPU。',
    elsewhere: 'v1 有 cpuset.cpu_exclusive，它是一个开关，禁止同级组共用它的 CPU。',
  },
  'cpuset.cpus.effective': { meaning: '它实际运行在哪些 CPU 上。', v1: sameFile, v2: sameFile },
  'cpuset.mems.effective': { meaning: '它实际从哪些内存节点分配。', v1: sameFile, v2: sameFile },
  'memory.max': {
    meaning: '最多能占用的内存；若没有可回收的，OOM 杀手会结束一个进程。',
    v1: {
      formula: 'memory.limit_in_bytes = memory.max（max 为 -1）；memory.memsw.limit_in_bytes 随之移动，使交换额度不变',
      lost: '新值低于正在使用且无法回收的内存时，v1 拒绝（EBUSY）；v2 接受，由 OOM 杀手腾出空间。',
    },
  },
  'memory.swap.max': {
    meaning: '最多能使用的交换空间。',
    v1: { lost: 'v1 限制的是两者之和：没用完的内存额度可以变成交换。没有内存限制就没有交换限制。' },
    v2: { lost: '作为限额的“和”本身。' },
  },
  'memory.high': {
    meaning: '超过后其进程会被拖慢并必须释放内存；不会有进程被杀。',
    elsewhere: 'v1 没有。memory.soft_limit_in_bytes 是另一回事：整台主机缺内存之前，它什么也不做。',
  },
  'memory.low': {
    meaning: '不超过此值的内存，只有实在没有别的可回收时才会被拿走。',
    elsewhere: 'v1 不保护任何组；最接近的做法是给其他所有组设软限制。',
  },
  'memory.min': {
    meaning: '不超过此值的内存绝不会被拿走；宁可启动 OOM 杀手。',
    elsewhere: 'v1 不保护任何组；最接近的做法是给其他所有组设软限制。',
  },
  'memory.swap.high': { meaning: '交换用量超过此值后，其进程会被拖慢。', elsewhere: 'v1 没有。' },
  'memory.zswap.max': { meaning: '其压缩交换最多能占用的内存。', elsewhere: 'v1 没有。' },
  'memory.oom.group': {
    meaning: '1：OOM 杀手击中其中一个进程时，整个组一起结束。',
    elsewhere: 'v1 没有。memory.oom_control 是另一回事：它让 OOM 杀手停手。',
  },
  'memory.soft_limit_in_bytes': {
    meaning: '主机缺内存时，超出此值的部分最先被回收。',
    v2: { formula: '没有', lost: '全部。它不是 memory.high：后者任何时候都会拖慢该组。' },
    elsewhere: '给要放过的组设 memory.low。',
  },
  'memory.swappiness': {
    meaning: '在丢弃文件缓存与换出其内存之间，有多倾向于后者。',
    elsewhere: 'v2 只有全主机的（vm.swappiness），以及单次回收时的 memory.reclaim。Linux 5.8 之前取值为 0 到 100。',
  },
  'memory.oom_control': {
    meaning: '1：不启用 OOM 杀手；其进程停下来，直到有内存为止。',
    elsewhere: 'v2 没有：memory.high 会拖慢，但不杀任何进程。',
  },
  'memory.kmem.tcp.limit_in_bytes': {
    meaning: '其 TCP 套接字的缓冲区最多能占用的内存。',
    elsewhere: 'v2 把这些缓冲区算作内存：memory.max 对两者一并生效。',
  },
  'io.weight': {
    meaning: '同级组对磁盘的需求超过其能力时，它能分到的份额。',
    v1: {
      formula: 'blkio.bfq.weight = io.weight，最大 1000；blkio.weight = 10 + round((io.weight - 1) × 990 / 9999)',
      lost: '超过 1000 的权重；使用 blkio.weight 时，每档为 10。',
    },
    v2: {
      lost: 'io.weight 属于 iocost 控制器：在启用了 io.cost.qos 的磁盘上起作用；io.bfq.weight 则在由 BFQ 调度的磁盘上起作用。',
    },
  },
  'io.max': {
    meaning: '对每个设备，每秒最多读写的字节数与操作数。',
    v1: {
      formula: 'blkio.throttle.{read,write}_{bps,iops}_device = rbps、wbps、riops、wiops（max 为 0）',
      lost: 'v1 只限制直接落盘的读写；稍后才写回的页不算在任何组头上（admin-guide/cgroup-v1/blkio-controller.rst）。',
    },
    v2: { formula: '同样的数字，0 为 max' },
  },
  'io.latency': { meaning: '为它保证的延迟，代价由同级组承担。', elsewhere: 'v1 没有。' },
  'io.prio.class': { meaning: '其任务的 I/O 优先级变成什么。' },
  'pids.max': { meaning: '最多能有的进程与线程数；超过后 fork(2) 失败。', v1: sameFile, v2: sameFile },
  devices: {
    meaning: '它可以打开和创建哪些设备。',
    v1: {
      formula: '第一行：把 "a" 写入 devices.allow 或 devices.deny；其余每行写入另一个文件',
      lost: '若除个别设备外全部允许，内核不会说是哪些：devices.list 只写 "a *:* rwm"。',
    },
    v2: {
      formula: '一个 cgroup_device 类型的 BPF 程序，内容是同一份列表',
      lost: '没有文件可读：列表从我们自己的程序里读回，别人的程序只计数。',
    },
  },
  'cgroup.freeze': {
    meaning: '1：它以及其下各组的所有进程都停住。',
    v1: {
      formula: 'freezer.state = FROZEN 表示 1，THAWED 表示 0；从 freezer.self_freezing 读取',
      lost: '被 v1 冻结的进程，解冻之前不能被杀死或跟踪；v2 可以。',
    },
  },
  'cgroup.max.descendants': { meaning: '其下最多能有多少个组。', elsewhere: 'v1 没有。' },
  'cgroup.max.depth': { meaning: '其下的组最多能嵌套多深。', elsewhere: 'v1 没有。' },
  'cgroup.pressure': { meaning: '0：不测量它的压力。', elsewhere: 'v1 不测量各组的压力。' },
  'cgroup.type': { meaning: 'domain、domain threaded、domain invalid 或 threaded。', elsewhere: '在 v1，线程可以在任何组里。' },
  notify_on_release: {
    meaning: '1：组变空时运行该层级的 release_agent。',
    elsewhere: 'cgroup.events 中的 populated，需要知道的程序可以等待它。',
  },
  'net_cls.classid': { meaning: '其数据包被归入的 tc(8) 类别。', elsewhere: 'nftables 可以按路径识别 v2 组的数据包（socket cgroupv2）。' },
  'net_prio.ifpriomap': {
    meaning: '其数据包在各网络接口上的优先级。',
    elsewhere: 'nftables 可以按 v2 组的路径设置优先级（meta priority）。',
  },
  'hugetlb.max': {
    meaning: '最多能占用的、以此大小的大页计的内存。',
    v1: { formula: 'hugetlb.{size}.limit_in_bytes = hugetlb.{size}.max（max 为 -1）' },
  },
  'hugetlb.rsvd.max': {
    meaning: '最多能为此大小的大页映射预留的内存。',
    v1: { formula: 'hugetlb.{size}.rsvd.limit_in_bytes = hugetlb.{size}.rsvd.max（max 为 -1）' },
  },
  'rdma.max': { meaning: '限额，每个设备或资源一行。' },
  'rdma.current': { meaning: '用量，每个设备或资源一行。' },
  'misc.max': { meaning: '限额，每个设备或资源一行。' },
  'misc.current': { meaning: '用量，每个设备或资源一行。' },
};
