import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.avro.Conversions;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads a bank's topic of the hub and prints one JSON line per event (documentation: ../../README.md).
 *
 * <p>Java 17 or newer; dependencies in pom.xml. It stops, with nothing committed beyond what it printed, when a
 * message cannot be decoded or the registry is away; started again it goes on there. The password is read from the
 * environment (BANK_PASSWORD), for a command line can be seen by others.
 */
public final class BankClient {
    private static final DateTimeFormatter UTC_MICROS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final PrintStream OUT =
            new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);

    private BankClient() {}

    /** Decodes messages of Confluent's wire format, fetching each schema once, by its id. */
    static final class Decoder {
        private final HttpClient http;
        private final String url;
        private final GenericData data = new GenericData();
        private final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();

        Decoder(String registryUrl, String ca) throws GeneralSecurityException, IOException {
            url = registryUrl.replaceAll("/+$", "");
            http = ca == null ? HttpClient.newHttpClient() : HttpClient.newBuilder().sslContext(trusting(ca)).build();
            data.addLogicalTypeConversion(new Conversions.DecimalConversion());
            data.addLogicalTypeConversion(new TimeConversions.DateConversion());
            data.addLogicalTypeConversion(new TimeConversions.TimestampMicrosConversion());
        }

        GenericRecord decode(byte[] message) throws IOException, InterruptedException {
            ByteBuffer head = ByteBuffer.wrap(message);
            if (head.get() != 0) {
                throw new IOException("no magic byte and schema id");
            }
            GenericDatumReader<GenericRecord> reader = reader(head.getInt());
            int at = head.position();
            return reader.read(null, DecoderFactory.get().binaryDecoder(message, at, message.length - at, null));
        }

        private static SSLContext trusting(String ca) throws GeneralSecurityException, IOException {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null);
            try (InputStream pem = Files.newInputStream(Path.of(ca))) {
                for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                    trusted.setCertificateEntry("hub" + trusted.size(), one);
                }
            }
            TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            managers.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers.getTrustManagers(), null);
            return context;
        }

        private GenericDatumReader<GenericRecord> reader(int id) throws IOException, InterruptedException {
            GenericDatumReader<GenericRecord> known = readers.get(id);
            if (known != null) {
                return known;
            }
            HttpRequest question =
                    HttpRequest.newBuilder(URI.create(url + "/schemas/ids/" + id)).timeout(Duration.ofSeconds(30)).build();
            HttpResponse<String> answer = http.send(question, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
            if (answer.statusCode() != 200) {
                throw new IOException("schema " + id + ": the registry answered " + answer.statusCode());
            }
            Schema schema = new Schema.Parser().parse(JSON.readTree(answer.body()).get("schema").asText());
            GenericDatumReader<GenericRecord> fresh = new GenericDatumReader<>(schema, schema, data);
            readers.put(id, fresh);
            return fresh;
        }
    }

    /**
     * The last sequence taken of each subject, kept in a file if one is named. A bank keeps this in its own database,
     * written in the same transaction as its rows: then nothing is lost or doubled on its side either.
     */
    static final class Sequences {
        private final Path file;
        private final Map<String, Long> last = new HashMap<>();

        Sequences(String name) throws IOException {
            file = name == null ? null : Path.of(name);
            if (file != null && Files.exists(file)) {
                JSON.readTree(file.toFile()).properties().forEach(e -> last.put(e.getKey(), e.getValue().asLong()));
            }
        }

        long expected(String subject) {
            return last.getOrDefault(subject, 0L) + 1;
        }

        void take(String subject, long sequence) {
            last.put(subject, sequence);
        }

        void save() throws IOException {
            if (file != null) {
                Path fresh = Path.of(file + ".new");
                JSON.writeValue(fresh.toFile(), last);
                Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    /** Returns a decoded value as JSON has it: decimals as text, dates and times as ISO 8601, times in UTC. */
    static Object plain(Object value) {
        if (value instanceof GenericRecord record) {
            Map<String, Object> fields = new LinkedHashMap<>();
            record.getSchema().getFields().forEach(f -> fields.put(f.name(), plain(record.get(f.pos()))));
            return fields;
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> entries = new LinkedHashMap<>();
            map.forEach((key, held) -> entries.put(key.toString(), plain(held)));
            return entries;
        }
        if (value instanceof Collection<?> list) {
            List<Object> found = new ArrayList<>();
            list.forEach(each -> found.add(plain(each)));
            return found;
        }
        if (value instanceof BigDecimal number) {
            return number.toPlainString();
        }
        if (value instanceof Instant moment) {
            return UTC_MICROS.format(moment);
        }
        if (value instanceof ByteBuffer bytes) {
            byte[] copy = new byte[bytes.remaining()];
            bytes.duplicate().get(copy);
            return Base64.getEncoder().encodeToString(copy);
        }
        boolean isJson = value == null || value instanceof Number || value instanceof Boolean;
        return isJson ? value : value.toString();
    }

    /** Prints a line; the arguments are names and values by turns. */
    static void say(Object... line) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < line.length; i += 2) {
            fields.put((String) line[i], line[i + 1]);
        }
        OUT.println(JSON.writeValueAsString(fields));
    }

    /** Prints what a message brings; returns whether it was an event not seen before. */
    static boolean handle(ConsumerRecord<byte[], byte[]> message, Decoder decoder, Sequences sequences)
            throws IOException, InterruptedException {
        GenericRecord value = decoder.decode(message.value());
        String subject = value.get("subject").toString();
        long sequence = (Long) value.get("sequence");
        long expected = sequences.expected(subject);
        int partition = message.partition();
        long offset = message.offset();
        if (sequence < expected) {
            say("kind", "repeat", "subject", subject, "sequence", sequence, "partition", partition, "offset", offset);
            return false;
        }
        if (sequence > expected) {
            say("kind", "gap", "subject", subject, "expected", expected, "received", sequence,
                    "partition", partition, "offset", offset);
        }
        say("kind", "event", "type", value.getSchema().getFullName(), "partition", partition, "offset", offset,
                "value", plain(value));
        sequences.take(subject, sequence);
        return true;
    }

    /** Returns the settings by which the broker knows this bank; with a CA the connection is encrypted. */
    static Map<String, String> login(Map<String, String> args) {
        Map<String, String> settings = new HashMap<>();
        boolean hasUser = args.containsKey("user");
        boolean hasCa = args.containsKey("ca");
        settings.put(
                CommonClientConfigs.SECURITY_PROTOCOL_CONFIG,
                hasUser ? (hasCa ? "SASL_SSL" : "SASL_PLAINTEXT") : hasCa ? "SSL" : "PLAINTEXT");
        if (hasCa) {
            settings.put(SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG, "PEM");
            settings.put(SslConfigs.SSL_TRUSTSTORE_LOCATION_CONFIG, args.get("ca"));
        }
        if (hasUser) {
            settings.put(SaslConfigs.SASL_MECHANISM, "SCRAM-SHA-512");
            settings.put(
                    SaslConfigs.SASL_JAAS_CONFIG,
                    "org.apache.kafka.common.security.scram.ScramLoginModule required username=" + quoted(args.get("user"))
                            + " password=" + quoted(args.getOrDefault("password", "")) + ";");
        }
        return settings;
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    static Properties settings(Map<String, String> args) {
        Properties settings = new Properties();
        settings.putAll(login(args));
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, args.get("bootstrap"));
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, args.get("group"));
        // The hub writes in transactions; without this line aborted attempts would be read as well.
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        settings.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        return settings;
    }

    static void run(Map<String, String> args) throws Exception {
        Decoder decoder = new Decoder(args.get("registry"), args.get("ca"));
        Sequences sequences = new Sequences(args.get("state"));
        long most = Long.parseLong(args.getOrDefault("max", "-1"));
        double idle = Double.parseDouble(args.getOrDefault("idle", "Infinity"));
        long taken = 0;
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings(args))) {
            consumer.subscribe(List.of(args.get("topic")));
            long heard = System.nanoTime();
            while (taken != most && (System.nanoTime() - heard) / 1e9 < idle) {
                Map<TopicPartition, OffsetAndMetadata> ends = new HashMap<>();
                for (ConsumerRecord<byte[], byte[]> message : consumer.poll(Duration.ofMillis(500))) {
                    taken += handle(message, decoder, sequences) ? 1 : 0;
                    TopicPartition partition = new TopicPartition(message.topic(), message.partition());
                    ends.put(partition, new OffsetAndMetadata(message.offset() + 1));
                    if (taken == most) {
                        break;
                    }
                }
                if (!ends.isEmpty()) {
                    // First what was processed, then the position: a crash in between repeats, it never skips.
                    sequences.save();
                    consumer.commitSync(ends);
                }
                if (!ends.isEmpty() || consumer.assignment().isEmpty()) {
                    heard = System.nanoTime();
                }
            }
        }
    }

    public static void main(String[] words) throws Exception {
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "warn");
        Map<String, String> args = new HashMap<>();
        Map.of("bootstrap", "KAFKA_BOOTSTRAP", "registry", "REGISTRY_URL", "topic", "BANK_TOPIC", "group", "BANK_GROUP",
                        "user", "BANK_USER", "password", "BANK_PASSWORD", "ca", "BANK_CA")
                .forEach((name, variable) -> args.put(name, System.getenv(variable)));
        args.values().removeIf(value -> value == null || value.isEmpty());
        for (int i = 0; i + 1 < words.length; i += 2) {
            args.put(words[i].replaceFirst("^--", ""), words[i + 1]);
        }
        args.putIfAbsent("group", args.getOrDefault("user", "bank") + ".example");
        if (!args.keySet().containsAll(List.of("bootstrap", "registry", "topic"))) {
            System.err.println("usage: BankClient --bootstrap HOST:PORT --registry URL --topic TOPIC"
                    + " [--user USER] [--ca FILE] [--group G] [--state FILE] [--max EVENTS] [--idle SECONDS]");
            System.exit(2);
        }
        try {
            run(args);
        } catch (AuthenticationException | AuthorizationException refused) {
            System.err.println("refused: " + refused.getMessage());
            System.exit(1);
        }
    }
}
