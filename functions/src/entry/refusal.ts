/** What a request gets that is not worth trying again: an HTTP status and one line for the log and the caller. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** Whether the connection is cut, because what the caller still sends is not worth reading to its end. */
  readonly hangUp: boolean;

  /** @param status HTTP status, 400 to 599 */
  constructor(status: number, message: string, { hangUp = false }: { readonly hangUp?: boolean } = {}) {
    super(message);
    this.status = status;
    this.hangUp = hangUp;
  }
}
