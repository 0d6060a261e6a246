import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.util.Utf8;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams: winning events in a RocksDB store, totals as an aggregated table with the record cache; both have
 * changelogs. The cache coalesces states: one per subject and commit. At least once, its default.
 *
 * <p>Tried: commits each second and each 30 s (its default; 65 and 61 µs an event), the cache of 10 MB (its default)
 * and 64 MB (70 and 65), linger of 50 and 100 ms (65 each), on 30,000 events, so with the compiler still warming up.
 * Arguments: the job's file (benchmarks/peers/job.py) and the number of stream threads, one unless told.
 */
public final class Merge {
  private static final String SETTINGS =
      "at least once, RocksDB with changelogs, record cache 64 MB, commit each second, "
          + "linger 50 ms, lz4, heap of 512 MB at most";
  private static final int HEAD = 5;
  private static final long SHANGHAI_S = 8 * 3600;

  private static JsonNode job;
  private static int events;
  private static long asOf, windowsEnd, window3m, window12m;
  private static volatile long beganNs, beganCpuNs;
  private static final CountDownLatch done = new CountDownLatch(1);
  private static final com.sun.management.OperatingSystemMXBean SYSTEM =
      (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  /** A winning event, as it came and decoded, and the one that it replaced. */
  private record Moved(GenericRecord event, byte[] message, GenericRecord old, byte[] previous) {}

  /** What a stream thread reads and writes with; none of it may be shared. */
  private static final class Codec {
    private final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();
    private final Encoder changes = new Encoder(job.get("change_id").asInt());
    private final Encoder states = new Encoder(job.get("state_id").asInt());
    private BinaryDecoder decoder;
  }

  private static final ThreadLocal<Codec> codec = ThreadLocal.withInitial(Codec::new);

  private static GenericRecord decode(byte[] message) {
    Codec own = codec.get();
    int id = ByteBuffer.wrap(message).getInt(1);
    GenericDatumReader<GenericRecord> reader =
        own.readers.computeIfAbsent(id, key -> new GenericDatumReader<>(schema(key)));
    try {
      own.decoder = DecoderFactory.get().binaryDecoder(message, HEAD, message.length - HEAD, own.decoder);
      return reader.read(null, own.decoder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Schema schema(int id) {
    return new Schema.Parser().parse(job.get("schemas").get(Integer.toString(id)).toString());
  }

  /** Encodes records of one schema. */
  private static final class Encoder {
    private final Schema schema;
    private final byte[] head;
    private final GenericDatumWriter<GenericRecord> writer;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(2048);
    private BinaryEncoder encoder;

    Encoder(int id) {
      schema = schema(id);
      head = ByteBuffer.allocate(HEAD).put((byte) 0).putInt(id).array();
      writer = new GenericDatumWriter<>(schema);
    }

    byte[] encode(GenericRecord value) {
      try {
        out.reset();
        out.write(head);
        encoder = EncoderFactory.get().binaryEncoder(out, encoder);
        writer.write(value, encoder);
        encoder.flush();
        return out.toByteArray();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** What a subject's winning records add up to. */
  private static final class Totals {
    long records;
    BigDecimal paid3m = BigDecimal.ZERO, paid12m = BigDecimal.ZERO;
    long payments3m, payments12m;
    final Map<Integer, Integer> months = new TreeMap<>();

    Totals add(Moved moved) {
      if (moved.old() != null) count(moved.old(), -1);
      count(moved.event(), 1);
      return this;
    }

    private void count(GenericRecord event, int sign) {
      if (!"REPORT".contentEquals((CharSequence) event.get("op"))) return;
      records += sign;
      long seconds = Math.floorDiv((Long) event.get("source_time"), 1_000_000L);
      long day = Math.floorDiv(seconds + SHANGHAI_S, 86_400L);
      if (day > windowsEnd || day <= window12m) return;
      LocalDate placed = LocalDate.ofEpochDay(day);
      int month = placed.getYear() * 100 + placed.getMonthValue();
      if (months.merge(month, sign, Integer::sum) == 0) months.remove(month);
      GenericRecord data = (GenericRecord) event.get("data");
      ByteBuffer raw = (ByteBuffer) data.get("tax_amount");
      if (raw == null) return;
      byte[] unscaled = new byte[raw.remaining()];
      raw.duplicate().get(unscaled);
      BigDecimal amount = new BigDecimal(new BigInteger(unscaled), 4);
      if (sign < 0) amount = amount.negate();
      payments12m += sign;
      paid12m = paid12m.add(amount);
      if (day > window3m) {
        payments3m += sign;
        paid3m = paid3m.add(amount);
      }
    }

    byte[] bytes() {
      try {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeLong(records);
        out.writeUTF(paid3m.toPlainString());
        out.writeLong(payments3m);
        out.writeUTF(paid12m.toPlainString());
        out.writeLong(payments12m);
        out.writeInt(months.size());
        for (Map.Entry<Integer, Integer> month : months.entrySet()) {
          out.writeInt(month.getKey());
          out.writeInt(month.getValue());
        }
        return bytes.toByteArray();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    static Totals of(byte[] raw) {
      try {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(raw));
        Totals totals = new Totals();
        totals.records = in.readLong();
        totals.paid3m = new BigDecimal(in.readUTF());
        totals.payments3m = in.readLong();
        totals.paid12m = new BigDecimal(in.readUTF());
        totals.payments12m = in.readLong();
        for (int left = in.readInt(); left > 0; left--) totals.months.put(in.readInt(), in.readInt());
        return totals;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static ByteBuffer six(BigDecimal value) {
      return ByteBuffer.wrap(value.setScale(6, RoundingMode.HALF_EVEN).unscaledValue().toByteArray());
    }

    byte[] state(byte[] subject, Encoder encoder) {
      Map<String, ByteBuffer> indicators = new HashMap<>();
      indicators.put("tax_paid_3m", payments3m == 0 ? null : six(paid3m));
      indicators.put("tax_paid_12m", payments12m == 0 ? null : six(paid12m));
      // A mean is of months, however many payments one has.
      BigDecimal number = BigDecimal.valueOf(months.size());
      indicators.put(
          "tax_mean_12m", payments12m == 0 ? null : six(paid12m.divide(number, 6, RoundingMode.HALF_EVEN)));
      indicators.put("tax_months_12m", six(BigDecimal.valueOf(months.size())));
      GenericRecord state = new GenericData.Record(encoder.schema);
      state.put("subject", new Utf8(subject));
      state.put("as_of", (int) asOf);
      state.put("records", records);
      state.put("indicators", indicators);
      return encoder.encode(state);
    }
  }

  /** Passes on what is newer than the winning version of its record. */
  private static final class Newest implements FixedKeyProcessor<byte[], byte[], Moved> {
    private static final AtomicInteger seen = new AtomicInteger();
    private FixedKeyProcessorContext<byte[], Moved> context;
    private KeyValueStore<Bytes, byte[]> records;

    @Override
    public void init(FixedKeyProcessorContext<byte[], Moved> context) {
      this.context = context;
      records = context.getStateStore("records");
    }

    @Override
    public void process(FixedKeyRecord<byte[], byte[]> record) {
      if (beganNs == 0) begin();
      byte[] message = record.value();
      GenericRecord event = decode(message);
      String key = event.get("subject") + "\0" + event.get("record_key");
      Bytes place = Bytes.wrap(key.getBytes(StandardCharsets.UTF_8));
      byte[] previous = records.get(place);
      GenericRecord old = previous == null ? null : decode(previous);
      if (old == null || compare(event, old) > 0) {
        records.put(place, message);
        context.forward(record.withValue(new Moved(event, message, old, previous)));
      }
      if (seen.incrementAndGet() == events) {
        context.commit();
        done.countDown();
      }
    }

    private static synchronized void begin() {
      if (beganNs == 0) {
        beganCpuNs = SYSTEM.getProcessCpuTime();
        beganNs = System.nanoTime();
      }
    }

    private static int compare(GenericRecord one, GenericRecord other) {
      int order = Long.compare((Long) one.get("source_time"), (Long) other.get("source_time"));
      if (order == 0) order = Long.compare((Long) one.get("as_of"), (Long) other.get("as_of"));
      if (order == 0) order = Integer.compare((Integer) one.get("revision"), (Integer) other.get("revision"));
      return order != 0 ? order : ((Utf8) one.get("content_hash")).compareTo((Utf8) other.get("content_hash"));
    }
  }

  /** Returns librdkafka's settings of a client as Java's clients name them. */
  static Map<String, Object> client(JsonNode told) {
    return Map.of(
        "bootstrap.servers", told.get("bootstrap.servers").asText(),
        "security.protocol", told.get("security.protocol").asText(),
        "sasl.mechanism", told.get("sasl.mechanism").asText(),
        "sasl.jaas.config",
        String.format(
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"%s\" password=\"%s\";",
            told.get("sasl.username").asText(), told.get("sasl.password").asText()));
  }

  public static void main(String[] arguments) throws Exception {
    Path file = Path.of(arguments[0]);
    int threads = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1;
    job = new ObjectMapper().readTree(file.toFile());
    events = job.get("events").asInt();
    asOf = LocalDate.parse(job.get("as_of").asText()).toEpochDay();
    windowsEnd = LocalDate.parse(job.get("windows_end").asText()).toEpochDay();
    window3m = LocalDate.parse(job.get("window_3m").asText()).toEpochDay();
    window12m = LocalDate.parse(job.get("window_12m").asText()).toEpochDay();
    String group = job.get("name").asText();
    Map<String, Object> client = client(job.get("client"));
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
    settings.putAll(client);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, file.resolveSibling("state").toString());
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, threads);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L << 20);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 50);
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 131_072);
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 2000);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    KafkaStreams streams = new KafkaStreams(topology().build(), settings);
    streams.setUncaughtExceptionHandler(
        failure -> {
          failure.printStackTrace();
          Runtime.getRuntime().halt(1);
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    try (Admin admin = Admin.create(client)) {
      streams.start();
      done.await();
      // Offsets are committed behind everything else.
      while (committed(admin, group) < events) TimeUnit.MILLISECONDS.sleep(10);
    }
    long endedNs = System.nanoTime(), endedCpuNs = SYSTEM.getProcessCpuTime();
    Files.writeString(file.resolveSibling("result.json"), result(endedNs - beganNs, endedCpuNs - beganCpuNs));
    streams.close();
  }

  private static StreamsBuilder topology() {
    Serde<byte[]> bytes = Serdes.ByteArray();
    Serde<Totals> totals = Serdes.serdeFrom((topic, value) -> value.bytes(), (topic, raw) -> Totals.of(raw));
    StoreBuilder<KeyValueStore<Bytes, byte[]>> records =
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("records"), Serdes.Bytes(), bytes);
    FixedKeyProcessorSupplier<byte[], byte[], Moved> newest =
        new FixedKeyProcessorSupplier<>() {
          @Override
          public FixedKeyProcessor<byte[], byte[], Moved> get() {
            return new Newest();
          }

          @Override
          public Set<StoreBuilder<?>> stores() {
            return Set.of(records);
          }
        };
    StreamsBuilder builder = new StreamsBuilder();
    KStream<byte[], Moved> moved =
        builder.stream(job.get("source").asText(), Consumed.with(bytes, bytes)).processValues(newest);
    moved.mapValues(one -> change(one, codec.get().changes)).to(job.get("changes").asText(), Produced.with(bytes, bytes));
    moved
        .groupByKey(Grouped.keySerde(bytes))
        .aggregate(
            Totals::new,
            (subject, one, sums) -> sums.add(one),
            Materialized.<byte[], Totals, KeyValueStore<Bytes, byte[]>>as("totals")
                .withKeySerde(bytes)
                .withValueSerde(totals)
                .withCachingEnabled())
        .toStream()
        .mapValues((subject, sums) -> sums.state(subject, codec.get().states))
        .to(job.get("states").asText(), Produced.with(bytes, bytes));
    return builder;
  }

  private static byte[] change(Moved moved, Encoder encoder) {
    GenericRecord change = new GenericData.Record(encoder.schema);
    change.put("subject", moved.event().get("subject"));
    change.put("record_key", moved.event().get("record_key"));
    change.put("current", ByteBuffer.wrap(moved.message()));
    change.put("previous", moved.previous() == null ? null : ByteBuffer.wrap(moved.previous()));
    return encoder.encode(change);
  }

  private static long committed(Admin admin, String group) throws Exception {
    long sum = 0;
    Map<?, OffsetAndMetadata> offsets =
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
    for (OffsetAndMetadata offset : offsets.values()) if (offset != null) sum += offset.offset();
    return sum;
  }

  private static String result(long wallNs, long cpuNs) throws IOException {
    long peakKb =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmHWM"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
            .findFirst()
            .orElseThrow();
    String name = "kafka-streams " + AppInfoParser.getVersion();
    return String.format(
        Locale.ROOT,
        "{\"wall_s\": %f, \"cpu_s\": %f, \"startup_cpu_s\": %f, \"peak_mb\": %f, \"version\": \"%s, Java %s\","
            + " \"settings\": \"%s\"}",
        wallNs / 1e9, cpuNs / 1e9, beganCpuNs / 1e9, peakKb / 1024.0, name, Runtime.version().feature(), SETTINGS);
  }
}
