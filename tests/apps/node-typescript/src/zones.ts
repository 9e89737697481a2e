import { DateTime } from 'luxon'

/** What clocks in a zone show at noon UTC on the first of July 2024. */
export function noonIn(zone: string): { local: string; here: string } | undefined {
  const noon = DateTime.utc(2024, 7, 1, 12)
  const there = noon.setZone(zone)
  return there.isValid ? { local: there.toFormat('HH:mm'), here: noon.toLocal().toFormat('HH:mm') } : undefined
}
