/** The cgconfig.conf of the article that the labs follow, word for word: two groups that share one CPU 20 to 80. */
export const articleConfig = `group lesscpu {
cpu{
cpu.shares=200;
}
}
group morecpu {
cpu{
cpu.shares=800;
}
}
`;

/** One file for each form that cgconfig.conf(5) describes, for tests and for people who want to see one. */
export const examples = {
  /** Two controllers at one mount point, and owners of each group. */
  permissions: `# Who may move processes, and who may set limits.
mount {
	cpu = /sys/fs/cgroup/cpu;
	cpuacct = /sys/fs/cgroup/cpu;
}

group site/pages {
	perm {
		task {
			uid = root;
			gid = www-data;
			fperm = 660;
		}
		admin {
			uid = root;
			gid = root;
			dperm = 755;
			fperm = 644;
		}
	}
	cpu {
		cpu.shares = "1000";
	}
	cpuacct {
	}
}

group site/transfer {
	cpu {
		cpu.shares = "500";
	}
}
`,
  /** What groups without permissions of their own get; the root group by its name, a dot. */
  defaults: `default {
	perm {
		admin {
			uid = root;
			gid = adm;
			fperm = 664;
		}
		task {
			uid = root;
			gid = users;
			fperm = 664;
		}
	}
}

group . {
	cpu {
	}
}

group night {
	cpu {
		cpu.cfs_period_us = 100000;
		cpu.cfs_quota_us = 50000;
	}
	memory {
		memory.limit_in_bytes = 512M;
	}
}
`,
  /** A group for each user, made when cgrules.conf(5) sends the first process there. */
  templates: `group students {
	cpu {}
}

template students/%u {
	cpu {
		cpu.shares = 256;
	}
}

template by-command/%g/%p {
	pids {
		pids.max = 64;
	}
}
`,
  /** Groups below another one, in these controllers. */
  namespaces: `namespace {
	cpu = daemons;
	cpuacct = daemons;
}

group web {
	cpu {
		cpu.shares = 700;
	}
	cpuacct {}
}
`,
  /** A hierarchy without a controller, and one with options of mount(8). */
  named: `mount {
	"cpu,nodev,nosuid,noexec" = /sys/fs/cgroup/cpu;
	"name=scheduler" = /sys/fs/cgroup/scheduler;
}

group jobs {
	"name=scheduler" {
	}
}
`,
  /** The unit of systemd that later commands work below. */
  systemd: `systemd {
	slice = database.slice;
	scope = db.scope;
	setdefault = yes;
}
`,
  /** Words of cgroup v2, a value with blanks, one with several lines. */
  unified: `group batch {
	cpu {
		cpu.max = "50000 100000";
		cpu.weight = 50;
	}
	memory {
		memory.high = 256M;
		memory.max = 512M;
	}
	cgroup {
		cgroup.max.descendants = 10;
	}
}

group legacy-devices {
	devices {
		devices.deny = "a *:* rwm";
		devices.allow = "c 1:3 rwm
c 1:5 rwm";
	}
}
`,
} as const;
