/** How a folder of a bucket is written. */

/** What `gs://BUCKET` or `gs://BUCKET/PREFIX` names, the prefix with a slash at its end; undefined when that is none. */
export function parseBucket(address: string): { readonly bucket: string; readonly prefix: string } | undefined {
  const [, bucket, folder = ''] =
    /^gs:\/\/([a-z0-9][a-z0-9._-]{1,221}[a-z0-9])(?:\/+([^\s?#]*?))?\/*$/.exec(address) ?? [];
  return bucket === undefined ? undefined : { bucket, prefix: folder === '' ? '' : `${folder}/` };
}
