/**
 * The time of day, but never backwards: whoever sets the clock of the machine back must not make tokens good again that have
 * expired, nor keep uploads or passwords for longer. Set forward, it is followed; what expires too early only fails closed.
 * `wall` and `elapsed` tell the time of day and that since some moment, in milliseconds.
 */
export function steadyClock(
  wall: () => number = Date.now,
  elapsed: () => number = () => performance.now(),
): () => number {
  const [started, since] = [wall(), elapsed()];
  return () => Math.max(wall(), started + Math.floor(elapsed() - since));
}
