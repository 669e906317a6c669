import { shallowRef } from 'vue'
import { api, ask, type Schema } from '@/api/client'

/** The documents and what is announced of them, as last asked for. */
export const policies = shallowRef<Schema['PoliciesOut']>()

export async function loadPolicies(): Promise<Schema['PoliciesOut']> {
  policies.value = await ask(api.GET('/api/v1/policies'))
  return policies.value
}
