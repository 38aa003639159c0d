import { DoctorReport } from '@bulkhead/model';
import { z } from 'zod';
import { query } from './contract.ts';

/** What a host has and lacks; part of the noun `host` at the agent and at the control plane. */
export const doctorContract = {
  doctor: query({ permission: 'host:read', scope: 'host', input: z.object({}).default({}), output: DoctorReport }),
};
