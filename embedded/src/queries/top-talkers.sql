-- Who sent the most bytes, from the flows.
SELECT host, sum(bytes) AS bytes, sum(packets) AS packets FROM (
  SELECT source AS host, bytes_forward AS bytes, packets_forward AS packets, window_start_us FROM flow
  UNION ALL
  SELECT destination, bytes_reverse, packets_reverse, window_start_us FROM flow)
WHERE window_start_us >= :from AND window_start_us < :to
GROUP BY host ORDER BY bytes DESC, host
LIMIT :limit
