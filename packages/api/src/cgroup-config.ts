import { CgroupConfigEntry, CgroupConfigName, CgroupConfigPreview, CgroupConfigText, CgroupPath, Transcript } from '@bulkhead/model';
import { z } from 'zod';
import { mutation, query } from './contract.ts';

const Nothing = z.object({}).default({});
const Text = z.object({ name: CgroupConfigName.default('cgconfig'), text: CgroupConfigText });

/** Configurations of libcgroup's form, cgconfig.conf(5): looked at on both versions, applied, kept over boots, made of what is there. */
export const cgroupConfigContract = {
  /** What a text would do, on both versions and here; nothing is done. A mutation, so that no file stands in an address. */
  previewConfig: mutation({ permission: 'cgroup:read', scope: 'host', input: Text, output: CgroupConfigPreview }),
  /**
   * Applies a text, all or nothing, and keeps it: it is applied again after each boot. One of the same name is replaced;
   * what that made and this no longer names goes where it is empty.
   */
  importConfig: mutation({
    permission: 'cgroup:write',
    scope: 'host',
    input: Text.extend({
      /** That groups of other owners may be changed, as the preview tells. */
      confirmed: z.boolean().default(false),
    }),
    output: z.object({
      config: CgroupConfigEntry,
      /** Groups of the configuration before that stay, and why. */
      kept: z.array(z.object({ path: CgroupPath, reason: z.string() })),
      transcript: Transcript,
    }),
  }),
  /** The groups at a path and below it as a text. Imported again here it changes nothing. */
  exportConfig: query({
    permission: 'cgroup:read',
    scope: 'host',
    input: z.object({
      path: CgroupPath,
      /** By the names of either version; all by default. */
      controllers: z.array(z.string().min(1).max(64)).max(32).optional(),
      /** In the words of which version; by default the one that this host's cpu controller is of. */
      words: z.enum(['v1', 'v2']).optional(),
      /** What a group just made has as well. */
      all: z.boolean().default(false),
    }),
    output: z.object({
      text: z.string(),
      /** What the words of that version cannot tell; it stands in comments too. */
      lost: z.array(z.string()),
    }),
  }),
  /**
   * The group that a template stands for with a process (`/students/%u`), made where it is not there yet: as the kept
   * configurations describe it, or without settings where none does.
   */
  makeFromTemplate: mutation({
    permission: 'cgroup:write',
    scope: 'host',
    input: z.object({
      template: CgroupPath,
      pid: z.number().int().positive().max(4_194_304),
      /** By the names of either version; by default those of the template. */
      controllers: z.array(z.string().min(1).max(64)).max(32).optional(),
    }),
    output: z.object({ path: CgroupPath, transcript: Transcript }),
  }),
  listConfigs: query({ permission: 'cgroup:read', scope: 'host', input: Nothing, output: z.array(CgroupConfigEntry) }),
  /** Forgets a configuration and takes back what it did: groups that it made and that are empty go, the others are told. */
  removeConfig: mutation({
    permission: 'cgroup:write',
    scope: 'host',
    input: z.object({ name: CgroupConfigName }),
    output: z.object({
      removed: z.array(z.object({ path: CgroupPath, controllers: z.array(z.string()) })),
      kept: z.array(z.object({ path: CgroupPath, reason: z.string() })),
      /** Values put back in groups that were there before. */
      restored: z.array(z.object({ path: CgroupPath, file: z.string(), value: z.string() })),
      transcript: Transcript,
    }),
  }),
};
