/** The keys of a plate keyboard, as Chinese apps have them: provinces first, then letters and digits without I and O. */

const PROVINCES = '京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使'
const ROWS = ['1234567890', 'QWERTYUP', 'ASDFGHJKL', 'ZXCVBNM']
const ENDINGS = '学警港澳挂领使'
const MOST = 8

/** Which keys come next after what is typed already. */
export function keysAfter(typed: string): string[][] {
  if (typed === '') return [PROVINCES.slice(0, 10), PROVINCES.slice(10, 20), PROVINCES.slice(20, 30), PROVINCES.slice(30)].map((row) => [...row])
  if (typed.length === 1 && typed !== '使') return ROWS.slice(1).map((row) => [...row])
  return [...ROWS, ...(typed.length >= 6 ? [ENDINGS] : [])].map((row) => [...row])
}

/** What is typed once this key is pressed. */
export function pressed(typed: string, key: string): string {
  return typed.length < MOST ? typed + key : typed
}

/** A plate as it is written: 鲁A·12345. */
export function spaced(plate: string): string {
  return plate.length > 2 && !plate.includes('使') ? `${plate.slice(0, 2)}·${plate.slice(2)}` : plate
}
