/** What a request gets that is not worth trying again: an HTTP status and one line for the log and the caller. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  /** @param status HTTP status, 400 to 599 */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
