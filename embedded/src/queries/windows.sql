-- The windows with their main KPIs, in time order.
SELECT name.text AS sensor, time_us(window_start_us) AS start, complete, revision,
       json_extract(row, '$.values.packets') AS packets, json_extract(row, '$.values.bytes') AS bytes,
       json_extract(row, '$.values.flows') AS flows, json_extract(row, '$.values.newFlows') AS new_flows,
       json_extract(row, '$.values.syn') AS syn, json_extract(row, '$.values.synAck') AS syn_ack,
       json_extract(row, '$.values.rst') AS rst, round(json_extract(row, '$.values.halfOpenRatio'), 3) AS half_open_ratio
FROM kpi JOIN name ON name.id = sensor_id
WHERE window_start_us >= :from AND window_start_us < :to
ORDER BY window_start_us
LIMIT :limit
