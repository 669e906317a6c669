import type { LocationQuery } from 'vue-router'

/** Where to go afterwards: only ever one of our own pages. */
export function nextPath(query: LocationQuery): string {
  const wanted = String(query.next ?? '/')
  return /^\/(?![/\\])/.test(wanted) ? wanted : '/'
}
