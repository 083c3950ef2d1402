-- Connection attempts that nobody answered, by source and target port: scans, floods, and services that are down.
SELECT source, destination_port AS port, count(*) AS attempts, count(DISTINCT destination) AS targets,
       time_us(min(first_us)) AS first, time_us(max(last_us)) AS last
FROM flow
WHERE protocol = 'TCP' AND (flags_forward & 2) = 2 AND (flags_reverse & 2) = 0
  AND window_start_us >= :from AND window_start_us < :to
GROUP BY source, destination_port ORDER BY attempts DESC
LIMIT :limit
