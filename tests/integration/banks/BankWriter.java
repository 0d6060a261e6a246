import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Tries to write into a topic with what a bank logs in with, as its guide's client does; prints what the broker says. */
public final class BankWriter {
    private BankWriter() {
    }

    public static void main(String[] args) throws InterruptedException {
        Map<String, String> said = new HashMap<>();
        for (int at = 0; at + 1 < args.length; at += 2) {
            said.put(args[at].replaceFirst("^--", ""), args[at + 1]);
        }
        Properties settings = new Properties();
        settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, said.get("bootstrap"));
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 20_000);
        settings.put(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, said.containsKey("ca") ? "SASL_SSL" : "SASL_PLAINTEXT");
        settings.put(SaslConfigs.SASL_MECHANISM, "SCRAM-SHA-512");
        settings.put(SaslConfigs.SASL_JAAS_CONFIG, String.format(
            "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";",
            said.get("user"), System.getenv("BANK_PASSWORD")));
        if (said.containsKey("ca")) {
            settings.put(SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG, "PEM");
            settings.put(SslConfigs.SSL_TRUSTSTORE_LOCATION_CONFIG, said.get("ca"));
        }
        byte[] forged = "forged".getBytes(StandardCharsets.UTF_8);
        ByteArraySerializer bytes = new ByteArraySerializer();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, bytes, bytes)) {
            producer.send(new ProducerRecord<>(said.get("topic"), forged)).get();
            System.out.println("taken");
        } catch (ExecutionException refused) {
            System.err.println("refused: " + refused.getCause().getMessage());
            System.exit(1);
        }
    }
}
